// A running command in the caller's hands: reading, writing, waiting, signalling, stopping.
// SPDX-License-Identifier: Apache-2.0
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>

#include <gtest/gtest.h>

#include <brood/brood.hpp>

#include "support/clean.hpp"
#include "support/files.hpp"
#include "support/helper.hpp"

namespace {

using namespace std::chrono_literals;
using brood::containment;
using brood::PIPE;
using support::helper;

class Process : public support::os_test, public ::testing::WithParamInterface<containment> {};

INSTANTIATE_TEST_SUITE_P(All, Process,
                         ::testing::Values(containment::process, containment::group,
                                           containment::tree, containment::sealed),
                         [](const auto& i) { return std::string(brood::to_string(i.param)); });

TEST_P(Process, ADialogueGoesBackAndForth) {
  auto p = brood::spawn({helper(), "calc"}, {.in = PIPE, .out = PIPE, .contain = GetParam()});
  p.in().write("6*7\n");
  EXPECT_EQ(p.out().read_line(), "42\n");
  p.in().write("1+1\n");
  EXPECT_EQ(p.out().read_line(), "2\n");
  p.in().close();
  EXPECT_EQ(p.out().read_line(), std::nullopt);
  EXPECT_TRUE(p.wait().success());
  EXPECT_TRUE(p.poll()->success());
}

TEST_P(Process, WaitForGivesUpAndGoesOn) {
  auto p =
      brood::spawn({helper(), "read-input-line"}, {.in = PIPE, .out = PIPE, .contain = GetParam()});
  EXPECT_EQ(p.wait_for(0s), std::nullopt);
  EXPECT_EQ(p.wait_for(20ms), std::nullopt);
  EXPECT_EQ(p.poll(), std::nullopt);
  EXPECT_GE(p.usage().threads, 1U);
  p.in().write("x\n");
  EXPECT_TRUE(p.wait_for(std::chrono::hours::max())->success());
  EXPECT_THROW((void)p.wait_for(-1s), brood::usage_error);
}

TEST_P(Process, CommunicateAfterATimeoutLosesNothing) {
  auto p = brood::spawn({helper(), "out", "early", "+", "swallow"},
                        {.in = PIPE, .out = PIPE, .contain = GetParam()});
  // A second writer keeps stdin open, so that the command cannot end before it is closed.
  const int more = ::dup(p.in().fileno());
  EXPECT_THROW((void)p.communicate(std::string(1 << 20, 'x'), 100ms), brood::timeout_expired);
  EXPECT_THROW((void)p.communicate({}, 10ms), brood::timeout_expired);
  ::close(more);
  EXPECT_EQ(p.communicate().out, "early1048576\n");
  EXPECT_TRUE(p.wait().success());
}

TEST_P(Process, SignalsReachTheCommand) {
  auto p = brood::spawn({helper(), "on-term", "bye", "7", "+", "out", "ready\\n", "+", "pause"},
                        {.out = PIPE, .contain = GetParam()});
  EXPECT_EQ(p.out().read_line(), "ready\n");
  p.suspend();
  p.resume();
  p.terminate();
  EXPECT_EQ(p.out().read_all(), "bye");
  EXPECT_EQ(p.wait().code(), 7);
  p.kill();  // too late, and harmless
}

TEST_P(Process, StopGoesDownTheLadderOverEverythingInReach) {
  auto p =
      brood::spawn({helper(), "leak-tree", path("pids")},
                   {.out = PIPE, .stop = {{SIGTERM, 100ms}, {SIGKILL}}, .contain = GetParam()});
  EXPECT_EQ(p.out().read_line(), "ready\n");
  const auto pids = support::wait_for_file_line_count(path("pids"), 5);
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
    support::wait_gone(std::stoi(pid), support::patience);
  }
}

TEST_P(Process, TheDestructorStopsAndReaps) {
  int pid = 0;
  {
    auto p = brood::spawn({helper(), "pause"}, {.contain = GetParam()});
    pid = p.pid();
    auto q = std::move(p);
    EXPECT_FALSE(p);
    EXPECT_EQ(q.pid(), pid);
  }
  EXPECT_FALSE(support::pid_alive(pid));
}

TEST_P(Process, DetachLetsItGo) {
  int pid = 0;
  {
    auto p = brood::spawn({helper(), "pause"}, {.contain = GetParam()});
    pid = p.pid();
    p.detach();
  }
  EXPECT_TRUE(support::pid_alive(pid));
  support::kill_pid(pid);
  int status = 0;
  if (GetParam() != containment::sealed) ::waitpid(pid, &status, 0);
  support::wait_gone(pid, support::patience);
}

TEST_P(Process, FinishGivesTheWholeResult) {
  auto p = brood::spawn({helper(), "out", "a", "+", "exit", "4"},
                        {.out = PIPE, .timeout = 20s, .contain = GetParam()});
  const auto r = p.finish();
  EXPECT_EQ(r.out, "a");
  EXPECT_EQ(r.status.code(), 4);
}

TEST_P(Process, WhatTheHostDoesWithSigchldDoesNotHangUs) {
  struct sigaction ignore {};
  struct sigaction before {};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGCHLD, &ignore, &before);
  const auto r = brood::run({helper(), "exit", "3"}, {.contain = GetParam()});
  ::sigaction(SIGCHLD, &before, nullptr);
  if (r.status.determined()) {
    EXPECT_EQ(r.status.code(), 3);
  } else {
    EXPECT_EQ(r.returncode(), 0);
  }
}

TEST_P(Process, WaitingIsNotPolling) {
  const char* back = std::getenv("BROOD_BACKEND");
  if (back && std::string_view(back) == "posix" && GetParam() != containment::sealed) {
    GTEST_SKIP() << "the POSIX back end has no event for an exit";
  }
  auto p = brood::spawn({helper(), "sleep", "0.3"}, {.contain = GetParam()});
  rusage before{};
  rusage after{};
  ::getrusage(RUSAGE_THREAD, &before);
  EXPECT_TRUE(p.wait_for(20s)->success());
  ::getrusage(RUSAGE_THREAD, &after);
  EXPECT_LE(after.ru_nvcsw - before.ru_nvcsw, 5);
}

}  // namespace
