// The fault sweep: every system call of the library fails once, in turn, and nothing is left.
// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <cerrno>
#include <vector>

#include <gtest/gtest.h>

#include <brood/brood.hpp>

#include "support/clean.hpp"
#include "support/helper.hpp"
#include "sys/call.hpp"

namespace {

using namespace std::chrono_literals;
using brood::containment;
using support::helper;

std::atomic<int> calls_left;
std::atomic<int> failure;
std::atomic<bool> fired;

int fail_nth(const char*) noexcept {
  if (calls_left.fetch_sub(1) != 1) return 0;
  fired = true;
  return failure;
}

class Sweep : public support::os_test,
              public ::testing::WithParamInterface<std::tuple<containment, int>> {
 protected:
  // Run `f` with the first, second, ... call failing, until there is no such call any more.
  template <class F>
  static void sweep(F f) {
    constexpr int most = 2000;
    for (int n = 1; n < most; ++n) {
      const auto before = support::snapshot::take();
      calls_left = n;
      failure = std::get<1>(GetParam());
      fired = false;
      ::alarm(60);
      brood::detail::sys::fault_hook = fail_nth;
      f();
      brood::detail::sys::fault_hook = nullptr;
      ::alarm(0);
      support::expect_clean(before);
      ASSERT_FALSE(HasFailure()) << "call " << n;
      if (!fired) return;
    }
    FAIL() << "it never ran to its end";
  }
};

INSTANTIATE_TEST_SUITE_P(All, Sweep,
                         ::testing::Combine(::testing::Values(containment::process,
                                                              containment::group, containment::tree,
                                                              containment::sealed),
                                            ::testing::Values(EMFILE, ENOMEM, EINTR, EAGAIN)),
                         [](const auto& i) {
                           const int e = std::get<1>(i.param);
                           return std::string(brood::to_string(std::get<0>(i.param))) + "_" +
                                  (e == EMFILE   ? "EMFILE"
                                   : e == ENOMEM ? "ENOMEM"
                                   : e == EINTR  ? "EINTR"
                                                 : "EAGAIN");
                         });

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

}  // namespace
