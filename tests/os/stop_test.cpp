// Stopping and signalling a running command, and letting it go.
// SPDX-License-Identifier: Apache-2.0
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <brood/brood.hpp>

#include "support/files.hpp"
#include "support/helper.hpp"
#include "support/levels.hpp"

namespace {

using namespace std::chrono_literals;
using brood::containment;
using brood::options;
using support::helper;

class Stop : public support::level_test {
 protected:
  static brood::process spawn(const std::vector<std::string>& verbs, options o = {}) {
    std::vector<std::string> words{helper()};
    words.insert(words.end(), verbs.begin(), verbs.end());
    o.contain = GetParam();
    return brood::spawn(words, std::move(o));
  }
  // The letter of /proc/PID/stat: T is stopped.
  static char state_of(int pid) {
    const std::string stat = support::read_file("/proc/" + std::to_string(pid) + "/stat");
    const auto end = stat.rfind(')');
    return end == std::string::npos || end + 2 >= stat.size() ? '?' : stat[end + 2];
  }
};
INSTANTIATE_TEST_SUITE_P(All, Stop, support::all_levels(), support::level_name);

TEST_P(Stop, SignalsReachTheCommandAndNothingOnceItEnded) {
  auto p =
      spawn({"on-term", "bye", "9", "+", "out", "ready\\n", "+", "pause"}, {.out = brood::PIPE});
  ASSERT_EQ(p.out().read_line(), "ready\n");
  p.suspend();
  p.resume();
  p.terminate();
  EXPECT_EQ(p.out().read_all(), "bye");
  EXPECT_EQ(p.wait().code(), 9);
  EXPECT_NO_THROW(p.kill());
  auto q = spawn({"pause"});
  q.kill();
  EXPECT_EQ(q.wait().signal(), SIGKILL);
}

TEST_P(Stop, SuspendHoldsACommandUntilResume) {
  auto p = spawn({"read-input-line"}, {.in = brood::PIPE, .out = brood::PIPE});
  p.suspend();
  EXPECT_TRUE(support::poll_until(support::patience, [&] { return state_of(p.pid()) == 'T'; }));
  p.in().write("x\n");
  EXPECT_FALSE(p.wait_for(50ms));
  p.resume();
  EXPECT_EQ(p.out().read_line(), "got: x\n");
  EXPECT_TRUE(p.wait().success());
}

TEST_P(Stop, ASuspendedCommandCanBeStopped) {
  auto p = spawn({"pause"});
  p.suspend();
  EXPECT_TRUE(support::poll_until(support::patience, [&] { return state_of(p.pid()) == 'T'; }));
  EXPECT_TRUE(p.stop({{SIGTERM, 100ms}, {SIGKILL, {}}}).signal());
}

TEST_P(Stop, StopGoesDownTheLadder) {
  auto p = spawn({"ignore", "TERM", "+", "out", "ready\\n", "+", "pause"}, {.out = brood::PIPE});
  ASSERT_EQ(p.out().read_line(), "ready\n");
  EXPECT_EQ(p.stop({{SIGTERM, 20ms}, {SIGKILL, {}}}).signal(), SIGKILL);
  EXPECT_EQ(p.stop().signal(), SIGKILL) << "again is harmless";
  EXPECT_EQ(p.poll()->signal(), SIGKILL);
}

TEST_P(Stop, AStopEndsEverythingInReach) {
  auto p = spawn({"leak-tree", path("pids")},
                 {.out = brood::PIPE, .stop = {{SIGTERM, 100ms}, {SIGKILL, {}}}});
  EXPECT_EQ(p.out().read_line(), "ready\n");
  const auto pids = support::lines_of(path("pids"));
  ASSERT_EQ(pids.size(), 5U);
  EXPECT_EQ(p.stop().signal(), SIGTERM);
  int alive = 0;
  for (const std::string& pid : pids) {
    if (support::pid_alive(std::stoi(pid))) ++alive;
  }
  // process: the child alone. group: setsid and daemon escape. tree: the daemon had re-parented.
  const int expected = GetParam() == containment::process ? 4
                       : GetParam() == containment::group ? 2
                       : GetParam() == containment::tree  ? 1
                                                          : 0;
  EXPECT_EQ(alive, expected);
  for (const std::string& pid : pids) {
    if (!support::pid_alive(std::stoi(pid))) continue;
    support::kill_pid(std::stoi(pid));
    EXPECT_TRUE(support::wait_gone(std::stoi(pid)));
  }
}

TEST_P(Stop, ARequestedStopEndsFinish) {
  auto p = spawn({"out", "x", "+", "pause"}, {.out = brood::PIPE});
  p.request_stop({{SIGINT, {}}});
  const auto r = p.finish();
  EXPECT_EQ(r.reason, brood::reason::cancelled);
  EXPECT_FALSE(r.success());
  EXPECT_TRUE(r.status.signal());
}

TEST_P(Stop, TheDestructorStopsAndReaps) {
  int pid = 0;
  {
    auto p = spawn({"pause"});
    pid = p.pid();
    EXPECT_TRUE(support::pid_alive(pid));
  }
  EXPECT_FALSE(support::pid_alive(pid));
  EXPECT_EQ(kill(pid, 0), -1) << "a zombie was left";
}

TEST_P(Stop, AProcessMovesAndLeavesNothingBehind) {
  auto p = spawn({"pause"});
  const int pid = p.pid();
  brood::process q = std::move(p);
  EXPECT_TRUE(q);
  EXPECT_FALSE(p);
  EXPECT_EQ(q.pid(), pid);
  p = spawn({"pause"});
  const int second = p.pid();
  p = std::move(q);  // stops the one it held
  EXPECT_FALSE(support::pid_alive(second));
  EXPECT_EQ(p.pid(), pid);
  EXPECT_FALSE(p.poll());
}

TEST_P(Stop, ADetachedCommandLivesOn) {
  int pid = 0;
  {
    auto p = spawn({"pause"});
    pid = p.pid();
    p.detach();
  }
  EXPECT_TRUE(support::pid_alive(pid));
  support::kill_pid(pid);
  EXPECT_TRUE(support::wait_gone(pid));
  if (GetParam() != containment::sealed) waitpid(pid, nullptr, 0);  // else it is not ours
}

}  // namespace
