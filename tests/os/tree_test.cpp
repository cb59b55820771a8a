// Trees of processes, and limits that concern them.
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include <brood/brood.hpp>

#include "support/clean.hpp"
#include "support/files.hpp"
#include "support/helper.hpp"
#include "sys/call.hpp"

namespace {

using namespace std::chrono_literals;
using brood::containment;
using brood::PIPE;
using support::helper;

class Tree : public support::os_test, public ::testing::WithParamInterface<containment> {};

class TreeWalk : public support::os_test {};

INSTANTIATE_TEST_SUITE_P(All, Tree, ::testing::Values(containment::tree, containment::sealed),
                         [](const auto& i) { return std::string(brood::to_string(i.param)); });

TEST_P(Tree, AStopReachesEveryGeneration) {
  auto p = brood::spawn({helper(), "fork-tree", "3", "2", path("pids"), "+", "pause"},
                        {.out = PIPE, .contain = GetParam()});
  EXPECT_EQ(p.out().read_line(), "ready\n");
  const auto pids = support::lines_of(path("pids"));
  EXPECT_EQ(p.usage().descendants, pids.size() - 1);
  (void)p.stop();
  for (const std::string& pid : pids) EXPECT_FALSE(support::pid_alive(std::stoi(pid)));
}

// Whoever is about to be signalled may be in the middle of a fork.
TEST_P(Tree, AStopReachesThoseThatAreJustBeingMade) {
  for (int round = 0; round < 40; ++round) {
    auto p = brood::spawn(
        {helper(), "out", "go\\n", "+", "fork-tree", "1", "60", path("pids"), "+", "pause"},
        {.out = PIPE, .contain = GetParam()});
    EXPECT_EQ(p.out().read_line(), "go\n");
    if (round % 2) (void)support::wait_for_file_line_count(path("pids"), 1);
    (void)p.stop();
    ASSERT_TRUE(support::none_survive()) << "round " << round;
    (void)::unlink(path("pids").c_str());
  }
}

// Each command that forks waits for a reader of a FIFO before it does, and then adds lines to a
// file.
struct fork_on_request {
  std::string fifo, lines;
  std::size_t count;
  int reader = -1;
  void operator()() {
    reader = ::open(fifo.c_str(), O_RDONLY | O_CLOEXEC);
    (void)support::wait_for_file_line_count(lines, count);
  }
};

fork_on_request child, grandchild;
std::chrono::steady_clock::time_point first_signal;

// The child is made when the first SIGSTOP is about to be sent; the grandchild when a signal is
// about to be sent although not everybody has halted.
int fork_now(const char* call) noexcept {
  const std::string_view name = call;
  if (name != "pidfd_send_signal" && name != "kill") return 0;
  const auto now = std::chrono::steady_clock::now();
  if (child.reader < 0) {
    first_signal = now;
    child();
  } else if (grandchild.reader < 0 && now - first_signal > 200ms) {
    grandchild();
  }
  return 0;
}

TEST_F(TreeWalk, NewProcessesAreFoundThoughOneDoesNotHalt) {
  child = {path("child-fifo"), path("child"), 1};
  grandchild = {path("grandchild-fifo"), path("grandchild"), 2};
  for (const auto& f : {child.fifo, grandchild.fifo}) ASSERT_EQ(::mkfifo(f.c_str(), 0600), 0);
  auto p = brood::spawn({helper(),
                         "bg",
                         "vfork-pause",
                         path("vforked"),
                         "+",
                         "ready",
                         child.fifo,
                         "+",
                         "bg",
                         "ready",
                         child.lines,
                         ",",
                         "ready",
                         grandchild.fifo,
                         ",",
                         "fork-tree",
                         "1",
                         "1",
                         grandchild.lines,
                         ",",
                         "pause",
                         "+",
                         "pause"},
                        {.out = brood::DEVNULL, .contain = containment::tree});
  ASSERT_EQ(support::wait_for_file_line_count(path("vforked"), 1).size(), 1U);
  brood::detail::sys::fault_hook = fork_now;
  (void)p.stop();
  brood::detail::sys::fault_hook = nullptr;
  EXPECT_EQ(support::lines_of(grandchild.lines).size(), 2U);
  EXPECT_TRUE(support::survivors().empty());
  ::close(child.reader);
  ::close(grandchild.reader);
}

// Who is stopped when its parent ends gets SIGHUP from the kernel.
TEST_P(Tree, OtherProcessGroupsGetTheSignalOfTheLadderAlone) {
  for (int round = 0; round < 10; ++round) {
    std::vector<std::string> args = {helper()};
    for (int i = 0; i < 5; ++i) {
      for (const char* word :
           {"setpgid-bg", "on-term", "bye\\n", "0", ",", "out", "ready\\n", ",", "pause", "+"}) {
        args.emplace_back(word);
      }
    }
    args.emplace_back("pause");
    // A session of its own: whoever adopts the orphans is to be outside of it.
    auto p = brood::spawn(brood::command(args),
                          {.out = PIPE, .contain = GetParam(), .new_session = true});
    for (int i = 0; i < 5; ++i) EXPECT_EQ(p.out().read_line(), "ready\n");
    (void)p.stop({{SIGTERM, support::patience}});
    ASSERT_EQ(p.out().read_all(), "bye\nbye\nbye\nbye\nbye\n") << "round " << round;
  }
}

// What a command starts in order to clean up runs to its end: in the group that had the signal.
TEST_P(Tree, WhatIsStartedToCleanUpIsLeftAlone) {
  if (GetParam() == containment::sealed) GTEST_SKIP() << "that has no group: all are signalled";
  auto p = brood::spawn(
      {helper(), "block-signals", "TERM", "+", "out", "ready\\n", "+", "wait-signal", "TERM", "+",
       "bg", "sleep", "0.3", ",", "out", "clean\\n", "+", "wait-children"},
      {.out = PIPE, .contain = GetParam(), .new_session = true});
  EXPECT_EQ(p.out().read_line(), "ready\n");
  EXPECT_TRUE(p.stop({{SIGTERM, support::patience}}).success());
  EXPECT_EQ(p.out().read_all(), "TERM\nclean\n");
}

TEST_P(Tree, AStopReachesOtherProcessGroups) {
  auto p = brood::spawn({helper(), "setpgid-bg", "pause", "+", "out", "ready\\n", "+", "pause"},
                        {.out = PIPE, .contain = GetParam()});
  EXPECT_EQ(p.out().read_line(), "ready\n");
  EXPECT_EQ(p.usage().descendants, 1U);
  EXPECT_EQ(p.stop().signal(), SIGTERM);
}

TEST_P(Tree, ChildrenOfTheCommandAreItsOwnToWaitFor) {
  const auto r = brood::run({helper(), "bg", "exit", "0", "+", "wait-children", "+", "out", "x"},
                            {.out = PIPE, .contain = GetParam()});
  EXPECT_EQ(r.out, "x");
  EXPECT_TRUE(r.complete);
}

TEST_P(Tree, NoTerminalIsMadeUp) {
  const auto r = brood::run(
      {helper(), "isatty", "+", "tty-size", "+", "close", "2"},
      {.in = brood::DEVNULL, .capture_output = true, .contain = GetParam(), .new_session = true});
  EXPECT_EQ(r.out, "0 no\n1 no\n2 no\nnone\n");
}

TEST_P(Tree, ACrashIsASignalWithoutACoreWhereNoneIsAllowed) {
  const auto r =
      brood::run({helper(), "crash-core"}, {.contain = GetParam(), .limits = {.core = 0}});
  EXPECT_EQ(r.status.signal(), SIGSEGV);
  EXPECT_FALSE(r.status.core_dumped());
}

TEST_P(Tree, TheNumberOfProcessesIsLimited) {
  brood::options o{.out = PIPE, .cwd = "/", .contain = GetParam(), .limits = {.processes = 3}};
  if (::geteuid() == 0) o.user = 65534;  // root is exempt
  const auto r = brood::try_run({helper(), "fork-bomb-bounded", "20"}, o);
  // Where that user has three processes already, exec itself is refused.
  if (r) {
    EXPECT_LT(std::stoi(r->out), 20);
  } else {
    EXPECT_EQ(r.error().kind(), brood::error_kind::busy) << r.error().what();
  }
}

}  // namespace
