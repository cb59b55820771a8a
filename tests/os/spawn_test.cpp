// A running command in the caller's hands: its streams, its end, its signals.
// SPDX-License-Identifier: Apache-2.0
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <brood/brood.hpp>

#include "support/clean.hpp"
#include "support/files.hpp"
#include "support/helper.hpp"
#include "support/pattern.hpp"

namespace {

using namespace std::chrono_literals;
using brood::containment;
using brood::options;
using support::helper;

std::string level_name(const ::testing::TestParamInfo<containment>& info) {
  return std::string(brood::to_string(info.param));
}

class Spawn : public support::os_test, public ::testing::WithParamInterface<containment> {
 protected:
  static brood::process spawn(const std::vector<std::string>& verbs, options o = {}) {
    std::vector<std::string> words{helper()};
    words.insert(words.end(), verbs.begin(), verbs.end());
    o.contain = GetParam();
    return brood::spawn(words, o);
  }
  // The letter of /proc/PID/stat: T is stopped.
  static char state_of(int pid) {
    const std::string stat = support::read_file("/proc/" + std::to_string(pid) + "/stat");
    const auto end = stat.rfind(')');
    return end == std::string::npos || end + 2 >= stat.size() ? '?' : stat[end + 2];
  }
};
INSTANTIATE_TEST_SUITE_P(All, Spawn,
                         ::testing::Values(containment::process, containment::group,
                                           containment::tree, containment::sealed),
                         level_name);

TEST_P(Spawn, LinesAreReadOneByOne) {
  auto p = spawn({"out", "a\\n\\nb\\r\\nlast"}, {.out = brood::PIPE});
  EXPECT_EQ(p.out().read_line(), "a\n");
  EXPECT_EQ(p.out().read_line(), "\n");
  EXPECT_EQ(p.out().read_line(), "b\r\n");
  EXPECT_EQ(p.out().read_line(), "last");
  EXPECT_EQ(p.out().read_line(), std::nullopt);
  EXPECT_EQ(p.wait().code(), 0);
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

TEST_P(Spawn, PollAndWaitForLeaveARunningCommandAlone) {
  auto p = spawn({"read-input-line", "+", "exit", "4"}, {.in = brood::PIPE, .out = brood::PIPE});
  EXPECT_FALSE(p.poll());
  EXPECT_FALSE(p.wait_for(0s));
  EXPECT_FALSE(p.wait_for(20ms));
  p.in().write("go\n");
  const auto status = p.wait_for(support::patience);
  ASSERT_TRUE(status);
  EXPECT_EQ(status->code(), 4);
  EXPECT_EQ(p.poll(), status);
  EXPECT_EQ(p.wait(), *status);
  EXPECT_EQ(p.wait_for(brood::duration::infinite()), status);
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

TEST_P(Spawn, SignalsReachTheCommandAndNothingOnceItEnded) {
  auto p = spawn({"on-term", "", "9", "+", "out", "ready\\n", "+", "pause"}, {.out = brood::PIPE});
  ASSERT_EQ(p.out().read_line(), "ready\n");
  p.terminate();
  EXPECT_EQ(p.wait().code(), 9);
  EXPECT_NO_THROW(p.kill());
  auto q = spawn({"pause"});
  q.kill();
  EXPECT_EQ(q.wait().signal(), SIGKILL);
}

TEST_P(Spawn, SuspendHoldsACommandUntilResume) {
  auto p = spawn({"read-input-line"}, {.in = brood::PIPE, .out = brood::PIPE});
  p.suspend();
  EXPECT_TRUE(support::poll_until(support::patience, [&] { return state_of(p.pid()) == 'T'; }));
  p.in().write("x\n");
  EXPECT_FALSE(p.wait_for(50ms));
  p.resume();
  EXPECT_EQ(p.out().read_line(), "got: x\n");
  EXPECT_TRUE(p.wait().success());
}

TEST_P(Spawn, ASuspendedCommandCanBeStopped) {
  auto p = spawn({"pause"});
  p.suspend();
  EXPECT_TRUE(support::poll_until(support::patience, [&] { return state_of(p.pid()) == 'T'; }));
  EXPECT_TRUE(p.stop({{SIGTERM, 100ms}, {SIGKILL, {}}}).signal());
}

TEST_P(Spawn, StopGoesDownTheLadder) {
  auto p = spawn({"ignore", "TERM", "+", "out", "ready\\n", "+", "pause"}, {.out = brood::PIPE});
  ASSERT_EQ(p.out().read_line(), "ready\n");
  EXPECT_EQ(p.stop({{SIGTERM, 20ms}, {SIGKILL, {}}}).signal(), SIGKILL);
  EXPECT_EQ(p.stop().signal(), SIGKILL) << "again is harmless";
  EXPECT_EQ(p.poll()->signal(), SIGKILL);
}

TEST_P(Spawn, TheDestructorStopsAndReaps) {
  int pid = 0;
  {
    auto p = spawn({"pause"});
    pid = p.pid();
    EXPECT_TRUE(support::pid_alive(pid));
  }
  EXPECT_FALSE(support::pid_alive(pid));
  EXPECT_EQ(kill(pid, 0), -1) << "a zombie was left";
}

TEST_P(Spawn, AProcessMovesAndLeavesNothingBehind) {
  auto p = spawn({"pause"});
  const int pid = p.pid();
  brood::process q = std::move(p);
  EXPECT_TRUE(q);
  EXPECT_EQ(q.pid(), pid);
  p = spawn({"pause"});
  const int second = p.pid();
  p = std::move(q);  // stops the one it held
  EXPECT_FALSE(support::pid_alive(second));
  EXPECT_EQ(p.pid(), pid);
  EXPECT_FALSE(p.poll());
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

TEST_P(Spawn, ADetachedCommandLivesOn) {
  int pid = 0;
  {
    auto p = spawn({"pause"});
    pid = p.pid();
    p.detach();
  }
  EXPECT_TRUE(support::pid_alive(pid));
  support::kill_pid(pid);
  EXPECT_TRUE(support::wait_gone(pid));
  waitpid(pid, nullptr, 0);  // under containment::sealed it is not ours
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

TEST_P(Spawn, FinishEnforcesWhatRunDoes) {
  auto p = spawn({"out", "a", "+", "pause"}, {.out = brood::PIPE, .timeout = 200ms});
  const auto r = p.try_finish();
  ASSERT_FALSE(r);
  ASSERT_NE(r.error().result(), nullptr);
  EXPECT_EQ(r.error().result()->reason, brood::reason::timed_out);
  EXPECT_EQ(r.error().result()->out, "a");
  auto q = spawn({"cat", "+", "exit", "2"}, {.input = "in", .out = brood::PIPE, .check = true});
  EXPECT_THROW((void)q.finish(), brood::called_process_error);
}

TEST_P(Spawn, ARequestedStopEndsFinish) {
  auto p = spawn({"out", "x", "+", "pause"}, {.out = brood::PIPE});
  p.request_stop({{SIGINT, {}}});
  const auto r = p.finish();
  EXPECT_EQ(r.reason, brood::reason::cancelled);
  EXPECT_FALSE(r.success());
  EXPECT_TRUE(r.status.signal());
}

}  // namespace
