// The fault sweep: every system call of the library fails once, in turn, and nothing is left.
// SPDX-License-Identifier: Apache-2.0
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <iterator>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include <brood/brood.hpp>

#include "support/clean.hpp"
#include "support/helper.hpp"
#include "sys/call.hpp"

namespace {

using namespace std::chrono_literals;
using brood::command;
using brood::containment;
using brood::options;
using support::helper;

std::atomic<int> calls_left;
std::atomic<int> failure;
std::atomic<bool> fired;
std::atomic<const char*> failed_call;

int fail_nth(const char* call) noexcept {
  if (calls_left.fetch_sub(1) != 1) return 0;
  fired = true;
  failed_call = call;
  return failure;
}

// From the n-th call on there are no descriptors and no processes to be had.
int fail_from_nth(const char* call) noexcept {
  constexpr std::string_view makers[] = {"clone", "clone3",    "epoll_create1", "eventfd",
                                         "fork",  "open",      "memfd_create",  "pidfd_open",
                                         "pipe2", "socketpair"};
  if (std::find(std::begin(makers), std::end(makers), call) == std::end(makers)) return 0;
  if (calls_left.fetch_sub(1) > 1) return 0;
  fired = true;
  failed_call = call;
  return failure;
}

void hangs(int) {
  const char* const name = failed_call;
  constexpr std::string_view text = "it hangs; the call that failed: ";
  (void)!::write(STDERR_FILENO, text.data(), text.size());
  if (name != nullptr) (void)!::write(STDERR_FILENO, name, std::strlen(name));
  (void)!::write(STDERR_FILENO, "\n", 1);
  ::abort();
}

class Sweep : public support::os_test,
              public ::testing::WithParamInterface<std::tuple<containment, int>> {
 protected:
  void SetUp() override {
    struct sigaction say {};
    say.sa_handler = hangs;
    ::sigaction(SIGALRM, &say, &before_);
    support::os_test::SetUp();
  }
  void TearDown() override {
    support::os_test::TearDown();
    ::sigaction(SIGALRM, &before_, nullptr);
  }

  // Run `f` with the first, second, ... call failing, until there is no such call any more.
  template <class F>
  static void sweep(F f, brood::detail::sys::fault_function hook = fail_nth) {
    constexpr int most = 2000;
    const auto before = support::snapshot::take();
    for (int n = 1; n < most; ++n) {
      calls_left = n;
      failure = std::get<1>(GetParam());
      fired = false;
      ::alarm(60);
      brood::detail::sys::fault_hook = hook;
      f();
      brood::detail::sys::fault_hook = nullptr;
      ::alarm(0);
      support::expect_clean(before);
      ASSERT_FALSE(HasFailure()) << "call " << n << ", " << failed_call;
      if (!fired) return;
    }
    FAIL() << "it never ran to its end";
  }

 private:
  struct sigaction before_ {};
};

// One shortage that does not pass, from the first call, the second, ... on.
class LastingShortage : public Sweep {
 protected:
  template <class F>
  static void sweep(F f) {
    Sweep::sweep(f, fail_from_nth);
  }
};

const auto levels = ::testing::Values(containment::process, containment::group, containment::tree,
                                      containment::sealed);

std::string name_of(const ::testing::TestParamInfo<Sweep::ParamType>& i) {
  const int e = std::get<1>(i.param);
  const char* const name = e == EMFILE   ? "EMFILE"
                           : e == ENOMEM ? "ENOMEM"
                           : e == EINTR  ? "EINTR"
                                         : "EAGAIN";
  return std::string(brood::to_string(std::get<0>(i.param))) + "_" + name;
}

INSTANTIATE_TEST_SUITE_P(All, Sweep,
                         ::testing::Combine(levels,
                                            ::testing::Values(EMFILE, ENOMEM, EINTR, EAGAIN)),
                         name_of);
INSTANTIATE_TEST_SUITE_P(All, LastingShortage,
                         ::testing::Combine(levels, ::testing::Values(EMFILE, EAGAIN)), name_of);

TEST_P(Sweep, RunWithInputAndCapture) {
  sweep([] {
    const auto r = brood::try_run(
        {helper(), "cat", "+", "err", "e"},
        {.input = "hello", .capture_output = true, .contain = std::get<0>(GetParam())});
    if (r) {
      EXPECT_TRUE(r->success());
      EXPECT_EQ(r->out, "hello");
    }
    EXPECT_TRUE(fired || r.has_value());
  });
}

TEST_P(Sweep, AStopAtADeadline) {
  sweep([] {
    const auto r = brood::try_run(
        {helper(), "pause"},
        {.timeout = 10ms, .stop = {{15, 20ms}, {9}}, .contain = std::get<0>(GetParam())});
    EXPECT_FALSE(r);
  });
}

TEST_P(Sweep, AProgramThatIsMissing) {
  sweep([] { EXPECT_FALSE(brood::try_run({"/no/such"}, {.contain = std::get<0>(GetParam())})); });
}

// The second one is cancelled as soon as the first has ended, mostly while it runs.
brood::task<> one_and_another(brood::loop& l, containment contain) {
  const brood::command fed{helper(), "cat", "+", "err", "e"};
  const brood::options captured{.input = "hello", .capture_output = true, .contain = contain};
  std::stop_source stop;
  const brood::options contained{.stop = {{15, 20ms}, {9}}, .contain = contain};
  std::vector<brood::task<brood::expected<brood::completed_process, brood::error>>> both;
  both.push_back(async_try_run(l, fed, captured));
  both.push_back(async_try_run(l, {helper(), "pause"}, contained, stop.get_token()));
  l.spawn([](brood::loop& in, std::stop_source s) -> brood::task<> {
    co_await brood::sleep_for(in, 5ms);
    s.request_stop();
  }(l, stop));
  const auto ended = co_await when_all(std::move(both));
  EXPECT_TRUE(fired || (ended[0] && ended[0]->out == "hello"));
  EXPECT_TRUE(fired || (ended[1] && ended[1]->reason == brood::reason::cancelled));
}

TEST_P(Sweep, ALoopWithTwoCommands) {
  sweep([] {
    try {
      brood::loop l;
      brood::sync_wait(l, one_and_another(l, std::get<0>(GetParam())));
      l.run();
    } catch (const brood::error&) {
      EXPECT_TRUE(fired);
    }
  });
}

TEST_P(Sweep, ABatchInAPool) {
  sweep([] {
    try {
      brood::pool p({.max_workers = 2, .jobserver = brood::jobserver_role::serve_pipe});
      const brood::options o{.capture_output = true, .contain = std::get<0>(GetParam())};
      const auto all = p.try_map({{helper(), "out", "a"}, {helper(), "take-tokens", "1"}}, o);
      EXPECT_TRUE(fired || (all[0] && all[0]->out == "a"));
      EXPECT_TRUE(fired || (all[1] && all[1]->success()));
    } catch (const brood::error&) {
      EXPECT_TRUE(fired);
    }
  });
}

TEST_P(Sweep, ABatchWithoutPipes) {
  sweep([] {
    try {
      brood::pool p({.max_workers = 2, .prestart_guardian = true});
      const options o{.contain = std::get<0>(GetParam())};
      const auto all = p.try_map({{helper(), "exit", "0"}, {helper(), "exit", "0"}}, o);
      EXPECT_TRUE(fired || (all[0] && all[1] && all[0]->success() && all[1]->success()));
    } catch (const brood::error&) {
      EXPECT_TRUE(fired);
    }
  });
}

// Jobs wait for those that run, and there is nobody to wait for once none does: each ends, as it
// should or with the shortage as its error.
TEST_P(LastingShortage, ABatchInAPool) {
  sweep([] {
    try {
      brood::pool p({.max_workers = 2});
      const options o{.capture_output = true, .contain = std::get<0>(GetParam())};
      const std::vector<command> say(4, {helper(), "out", "a"});
      const auto all = p.try_map(say, o);
      ASSERT_EQ(all.size(), say.size());
      for (const auto& r : all) {
        EXPECT_TRUE(r ? r->out == "a" : fired && r.error().kind() == brood::error_kind::busy);
      }
    } catch (const brood::error&) {
      EXPECT_TRUE(fired);
    }
  });
}

TEST_P(Sweep, ACallOfAWorker) {
  sweep([] {
    try {
      brood::worker_pool p({helper(), "serve"}, {.max_workers = 1,
                                                 .timeout = 20s,
                                                 .process = {.stop = {{15, 20ms}, {9}},
                                                             .contain = std::get<0>(GetParam())}});
      const auto answer = p.try_call("echo hello");
      EXPECT_TRUE(fired || (answer && *answer == "hello"));
    } catch (const brood::error&) {
      EXPECT_TRUE(fired);
    }
  });
}

TEST_P(LastingShortage, CallsOfWorkers) {
  sweep([] {
    try {
      brood::worker_pool p({helper(), "serve"}, {.max_workers = 2,
                                                 .timeout = 20s,
                                                 .process = {.stop = {{15, 20ms}, {9}},
                                                             .contain = std::get<0>(GetParam())}});
      std::vector<brood::reply> all;
      for (int i = 0; i < 3; ++i) all.push_back(p.request("echo hello"));
      for (const brood::reply& r : all) {
        const auto answer = r.try_result();
        EXPECT_TRUE(answer ? *answer == "hello" : fired.load());
      }
      // A stop of a tree that cannot see who is left waits five seconds, for each of the many
      // calls.
      const bool blind = std::get<0>(GetParam()) == containment::tree;
      if (blind) brood::detail::sys::fault_hook = nullptr;
    } catch (const brood::error&) {
      EXPECT_TRUE(fired);
    }
  });
}

}  // namespace
