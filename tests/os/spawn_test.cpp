// A running command in the caller's hands: reading, writing, waiting, collecting.
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <brood/brood.hpp>

#include "support/files.hpp"
#include "support/helper.hpp"
#include "support/levels.hpp"
#include "support/pattern.hpp"

namespace {

using namespace std::chrono_literals;
using brood::containment;
using brood::options;
using support::helper;

class Spawn : public support::level_test {
 protected:
  static brood::process spawn(const std::vector<std::string>& verbs, options o = {}) {
    std::vector<std::string> words{helper()};
    words.insert(words.end(), verbs.begin(), verbs.end());
    o.contain = GetParam();
    return brood::spawn(words, std::move(o));
  }
};
INSTANTIATE_TEST_SUITE_P(All, Spawn, support::all_levels(), support::level_name);

TEST_P(Spawn, LinesAreReadOneByOne) {
  auto p = spawn({"out", "a\\n\\nb\\r\\nlast"}, {.out = brood::PIPE});
  EXPECT_EQ(p.out().read_line(), "a\n");
  EXPECT_EQ(p.out().read_line(), "\n");
  EXPECT_EQ(p.out().read_line(), "b\r\n");
  EXPECT_EQ(p.out().read_line(), "last");
  EXPECT_EQ(p.out().read_line(), std::nullopt);
  EXPECT_EQ(p.wait().code(), 0);
}

TEST_P(Spawn, ALineCanBeWaitedForNotForEver) {
  brood::process p =
      spawn({"out", "begin", "+", "read-input-line"}, {.in = brood::PIPE, .out = brood::PIPE});
  try {
    (void)p.out().read_line(10ms);
    FAIL() << "there was no line";
  } catch (const brood::timeout_expired& e) {
    EXPECT_STREQ(e.what(), "timeout read_line: no line in 0.01 s");
    ASSERT_NE(e.result(), nullptr);
    EXPECT_FALSE(e.result()->complete);
  }
  p.in().write("go\n");
  EXPECT_EQ(p.out().read_line(support::patience), "begingot: go\n");
  EXPECT_EQ(p.out().read_line(support::patience), std::nullopt);
  EXPECT_THROW((void)p.out().read_line(-1s), brood::usage_error);
  EXPECT_TRUE(p.wait().success());
}

TEST_P(Spawn, ALineCanBeBounded) {
  brood::process p = spawn({"out", "abcdefg\nhi\nj"}, {.out = brood::PIPE});
  EXPECT_EQ(p.out().read_line(3), "abc");
  EXPECT_EQ(p.out().read_line(5), "defg\n");
  EXPECT_EQ(p.out().read_line(2), "hi");
  EXPECT_EQ(p.out().read_line(2), "\n");
  EXPECT_EQ(p.out().read_line(2), "j");
  EXPECT_EQ(p.out().read_line(2), std::nullopt);
  EXPECT_THROW((void)p.out().read_line(0), brood::usage_error);
  EXPECT_TRUE(p.wait().success());
}

TEST_P(Spawn, EndsThatSomebodyMadeNonBlockingStillWait) {
  brood::process p =
      spawn({"read-input-line", "+", "cat"}, {.in = brood::PIPE, .out = brood::PIPE});
  ASSERT_EQ(fcntl(p.out().fileno(), F_SETFL, O_NONBLOCK), 0);
  ASSERT_EQ(fcntl(p.in().fileno(), F_SETFL, O_WRONLY | O_NONBLOCK), 0);
  std::thread later([&] {
    support::short_nap();
    p.in().write("go\n");
  });
  EXPECT_EQ(p.out().read_line(), "got: go\n");
  later.join();
  std::thread much([&] {
    p.in().write(std::string(300'000, 'x'));
    p.in().close();
  });
  EXPECT_EQ(p.out().read_all().size(), 300'000U);
  much.join();
  EXPECT_TRUE(p.wait().success());
}

// The thread ends when the read has; it does not take the program along.
TEST_P(Spawn, AThreadThatIsCancelledInAReadEndsAfterIt) {
  brood::process p = spawn({"read-input-line"}, {.in = brood::PIPE, .out = brood::PIPE});
  std::atomic<bool> reading{false};
  std::string line;
  pthread_t thread{};
  // ASan does not see that the frame is left where a thread is cancelled.
  const std::function<void()> body = [&]() __attribute__((no_sanitize_address)) {
    reading = true;
    line = p.out().read_line().value_or("");
    pthread_testcancel();
    line = "went on";
  };
  ASSERT_EQ(pthread_create(
                &thread, nullptr,
                [](void* f) -> void* {
                  (*static_cast<const std::function<void()>*>(f))();
                  return nullptr;
                },
                const_cast<std::function<void()>*>(&body)),
            0);
  while (!reading) support::short_nap();
  ASSERT_EQ(pthread_cancel(thread), 0);
  p.in().write("go\n");
  void* result = nullptr;
  ASSERT_EQ(pthread_join(thread, &result), 0);
  EXPECT_EQ(result, PTHREAD_CANCELED);
  EXPECT_EQ(line, "got: go\n");
  EXPECT_TRUE(p.wait().success());
}

TEST_P(Spawn, ALoopOfTheCallersHearsTheEnd) {
  auto p = spawn({"cat"}, {.in = brood::PIPE});
  ASSERT_EQ(p.poll(), std::nullopt);
  p.in().close();
  std::optional<brood::exit_status> status;
  while (!(status = p.poll())) {
    pollfd event{p.native_handle(), POLLIN, 0};
    ::poll(&event, 1, event.fd < 0 ? 1 : 10'000);  // without an event: now and then
  }
  EXPECT_EQ(status->code(), 0);
}

TEST_P(Spawn, LinesAreARange) {
  auto p = spawn({"spam-lines", "1000"}, {.out = brood::PIPE});
  int count = 0;
  for (const std::string& line : p.out().lines()) {
    EXPECT_EQ(line, "line " + std::to_string(count++) + "\n");
  }
  EXPECT_EQ(count, 1000);
  EXPECT_EQ(p.wait().code(), 0);
}

TEST_P(Spawn, BytesAreReadAsTheyCome) {
  auto p = spawn({"pattern", "300000", "9"}, {.out = brood::PIPE});
  std::string all;
  char buffer[1000];
  while (const std::size_t n = p.out().read(buffer)) all.append(buffer, n);
  EXPECT_TRUE(all == support::pattern_bytes(300000, 9));
  EXPECT_TRUE(p.wait().success());
}

TEST_P(Spawn, AReadAfterALineLosesNothing) {
  auto p = spawn({"out", "one\\ntwo\\nthree"}, {.out = brood::PIPE});
  EXPECT_EQ(p.out().read_line(), "one\n");
  EXPECT_EQ(p.out().read_all(), "two\nthree");
  EXPECT_TRUE(p.wait().success());
}

TEST_P(Spawn, WriteThenCloseIsEndOfFile) {
  auto p = spawn({"cat"}, {.in = brood::PIPE, .out = brood::PIPE});
  p.in().write("one\n");
  EXPECT_EQ(p.out().read_line(), "one\n");
  p.in().write("two");
  p.in().close();
  p.in().close();
  EXPECT_FALSE(p.in().is_open());
  EXPECT_EQ(p.in().fileno(), -1);
  EXPECT_EQ(p.out().read_all(), "two");
  EXPECT_THROW(p.in().write("more"), brood::usage_error);
  EXPECT_TRUE(p.wait().success());
}

TEST_P(Spawn, WritingToACommandThatIsGoneIsBroken) {
  auto p = spawn({"exit", "0"}, {.in = brood::PIPE});
  EXPECT_TRUE(p.wait().success());
  try {
    p.in().write("x");
    ADD_FAILURE() << "no error";
  } catch (const brood::error& e) {
    EXPECT_EQ(e.kind(), brood::error_kind::broken);
    EXPECT_EQ(e.stage(), brood::error_stage::write);
  }
}

TEST_P(Spawn, StreamsThatAreNoPipesAreRefused) {
  auto p = spawn({"exit", "0"});
  EXPECT_THROW(p.in(), brood::usage_error);
  EXPECT_THROW(p.out(), brood::usage_error);
  EXPECT_THROW(p.err(), brood::usage_error);
  EXPECT_TRUE(p.wait().success());
}

TEST_P(Spawn, ADialogueGoesBackAndForth) {
  auto p = spawn({"calc"}, {.in = brood::PIPE, .out = brood::PIPE});
  p.in().write("6*7\n");
  EXPECT_EQ(p.out().read_line(), "42\n");
  p.in().write("1+1\n");
  EXPECT_EQ(p.out().read_line(), "2\n");
  p.in().close();
  EXPECT_EQ(p.out().read_line(), std::nullopt);
  EXPECT_TRUE(p.wait().success());
}

TEST_P(Spawn, PollAndWaitForLeaveARunningCommandAlone) {
  auto p = spawn({"read-input-line", "+", "exit", "4"}, {.in = brood::PIPE, .out = brood::PIPE});
  EXPECT_FALSE(p.poll());
  EXPECT_FALSE(p.wait_for(0s));
  EXPECT_FALSE(p.wait_for(20ms));
  EXPECT_THROW((void)p.wait_for(-1s), brood::usage_error);
  p.in().write("go\n");
  const auto status = p.wait_for(support::patience);
  ASSERT_TRUE(status);
  EXPECT_EQ(status->code(), 4);
  EXPECT_EQ(p.poll(), status);
  EXPECT_EQ(p.wait(), *status);
  EXPECT_EQ(p.wait_for(brood::duration::infinite()), status);
  EXPECT_EQ(p.wait_for(std::chrono::hours::max()), status);
}

TEST_P(Spawn, WaitingIsNotPolling) {
  const char* back = std::getenv("BROOD_BACKEND");
  if (back && std::string_view(back) == "posix" && GetParam() != containment::sealed) {
    GTEST_SKIP() << "the POSIX back end has no event for an exit";
  }
  auto p = spawn({"sleep", "0.3"});
  rusage before{};
  rusage after{};
  ::getrusage(RUSAGE_THREAD, &before);
  EXPECT_TRUE(p.wait_for(support::patience)->success());
  ::getrusage(RUSAGE_THREAD, &after);
  EXPECT_LE(after.ru_nvcsw - before.ru_nvcsw, 5);
}

TEST_P(Spawn, CommunicateFeedsAndCollects) {
  const std::string bytes = support::pattern_bytes(3 << 20, 2);
  auto p = spawn({"cat", "+", "err", "done"},
                 {.in = brood::PIPE, .out = brood::PIPE, .err = brood::PIPE});
  const auto got = p.communicate(bytes, support::patience);
  EXPECT_TRUE(got.out == bytes);
  EXPECT_EQ(got.err, "done");
  EXPECT_EQ(p.wait().code(), 0);
}

TEST_P(Spawn, CommunicateGoesOnAfterATimeoutAndLosesNothing) {
  const std::string bytes = support::pattern_bytes(1 << 20, 4);
  auto p = spawn({"out", "start", "+", "wait-signal", "USR1", "+", "cat"},
                 {.in = brood::PIPE, .out = brood::PIPE});
  char first[5];
  ASSERT_EQ(p.out().read(first), 5U);  // USR1 may be sent only once it is blocked
  try {
    (void)p.communicate(bytes, 300ms);
    ADD_FAILURE() << "no timeout";
  } catch (const brood::timeout_expired& e) {
    ASSERT_NE(e.result(), nullptr);
  }
  EXPECT_FALSE(p.poll());
  p.send_signal(SIGUSR1);
  const auto got = p.communicate();
  EXPECT_TRUE(got.out == "USR1\n" + bytes) << got.out.size();
  EXPECT_TRUE(p.wait().success());
}

TEST_P(Spawn, CommunicateMayTimeOutMoreThanOnce) {
  auto p = spawn({"out", "early", "+", "swallow"}, {.in = brood::PIPE, .out = brood::PIPE});
  // A second writer keeps stdin open, so that the command cannot end before it is closed.
  const int more = ::dup(p.in().fileno());
  EXPECT_THROW((void)p.communicate(std::string(1 << 20, 'x'), 100ms), brood::timeout_expired);
  EXPECT_THROW((void)p.communicate({}, 10ms), brood::timeout_expired);
  ::close(more);
  EXPECT_EQ(p.communicate().out, "early1048576\n");
  EXPECT_TRUE(p.wait().success());
}

TEST_P(Spawn, FinishEnforcesWhatRunDoes) {
  auto p = spawn({"out", "a", "+", "pause"}, {.out = brood::PIPE, .timeout = 200ms});
  const auto r = p.try_finish();
  ASSERT_FALSE(r);
  ASSERT_NE(r.error().result(), nullptr);
  EXPECT_EQ(r.error().result()->reason, brood::reason::timed_out);
  EXPECT_EQ(r.error().result()->out, "a");
  auto whole = spawn({"out", "a", "+", "exit", "4"}, {.out = brood::PIPE, .timeout = 60s}).finish();
  EXPECT_EQ(whole.out, "a");
  EXPECT_EQ(whole.status.code(), 4);
  auto q = spawn({"cat", "+", "exit", "2"}, {.input = "in", .out = brood::PIPE, .check = true});
  EXPECT_THROW((void)q.finish(), brood::called_process_error);
}

TEST_P(Spawn, UsageIsOfTheLivingTree) {
  auto p = spawn({"bg", "pause", "+", "burn-cpu", "0.1", "+", "eat-memory", "16M", "+", "pause"},
                 {.out = brood::PIPE});
  ASSERT_EQ(p.out().read_line(), "ok\n");
  const auto live = p.usage();
  EXPECT_GE(live.user + live.system, 50ms);
  EXPECT_GE(live.rss_bytes, 16U << 20);
  EXPECT_EQ(live.descendants, 1U);
  EXPECT_EQ(live.threads, 2U);
  if (GetParam() == containment::process) {  // the child alone is in its reach
    const auto children = support::read_file("/proc/" + std::to_string(p.pid()) + "/task/" +
                                             std::to_string(p.pid()) + "/children");
    ASSERT_NE(children, "");
    support::kill_pid(std::stoi(children));
  }
  EXPECT_TRUE(p.stop().signal());
  EXPECT_EQ(p.usage().descendants, 0U);
}

TEST_P(Spawn, NoCommandAnswersQuietly) {
  brood::process none;
  EXPECT_FALSE(none);
  EXPECT_EQ(none.pid(), -1);
  EXPECT_FALSE(none.poll());
  EXPECT_NO_THROW(none.kill());
  EXPECT_NO_THROW((void)none.stop());
  EXPECT_NO_THROW(none.detach());
  EXPECT_THROW((void)none.finish(), brood::usage_error);
  EXPECT_THROW(none.out(), brood::usage_error);
}

}  // namespace
