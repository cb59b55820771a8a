// Stopping brood map: by signals, limits and halts, whatever its jobs do, nothing of it is left.
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <grp.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <ostream>
#include <string>
#include <tuple>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/bare.hpp"
#include "support/clean.hpp"
#include "support/files.hpp"
#include "support/helper.hpp"

namespace {

using namespace std::chrono_literals;
using support::bare_process;
using support::finished;
using support::helper;
using support::map;
using support::none_survive;
using ::testing::HasSubstr;
using words = std::vector<std::string>;

constexpr unsigned nobody = 65534;

class ToolMapStop : public support::os_test {};

// --- signals -------------------------------------------------------------------------------------

TEST_F(ToolMapStop, ASignalStopsAllAndTheStatusSaysWhich) {
  for (const int number : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) {
    bare_process tool(
        map({"--lb", "-j2", helper(), "out", "{} ready\\n", "+", "pause", ":::", "1", "2", "3"}));
    tool.read_until(" ready\n");
    tool.read_until(" ready\n");
    tool.signal(number);
    const finished end = tool.wait();
    // A shell that runs a script of several batches ends itself only after one that died of INT.
    EXPECT_EQ(end.code, number == SIGINT ? -1 : 128 + number);
    EXPECT_EQ(end.signal, number == SIGINT ? SIGINT : 0);
    EXPECT_THAT(end.out, ::testing::Not(HasSubstr("3 ready")));
    EXPECT_TRUE(none_survive());
  }
}

// Who starts it may have blocked them.
TEST_F(ToolMapStop, ASignalThatIsBlockedAtTheStartStopsAll) {
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGQUIT}) {
    words argv{helper(), "block-signals", "TERM", "INT", "HUP", "QUIT", "+", "exec"};
    for (const std::string& word :
         map({"--lb", helper(), "out", "ready\n", "+", "sleep", "{}", ":::", "100"})) {
      argv.push_back(word);
    }
    bare_process tool(argv);
    tool.read_until("ready\n");
    tool.signal(number);
    const finished end = tool.wait();
    EXPECT_EQ(end.signal != 0 ? end.signal : end.code - 128, number);
    EXPECT_TRUE(none_survive());
  }
}

TEST_F(ToolMapStop, NothingIsSaidOfJobsThatHaveNotStarted) {
  bare_process tool(map({"--json", "-v", "-j1", helper(), "out", "{}", "+", "ready", path("on"),
                         "+", "pause", ":::", "1", "2", "3"}));
  support::wait_for_file_line_count(path("on"), 1);
  tool.signal(SIGINT);
  const finished end = tool.wait();
  EXPECT_EQ(end.signal, SIGINT);
  EXPECT_THAT(end.out, HasSubstr("\"seq\":1"));
  EXPECT_THAT(end.out, ::testing::Not(HasSubstr("\"seq\":2")));
  EXPECT_THAT(end.err, ::testing::Not(HasSubstr("job 2")));
}

// The pause between two starts is one also where the job before was longer than that.
TEST_F(ToolMapStop, TheDelayIsBetweenAnyTwoStarts) {
  bare_process tool(
      map({"-j1", "--delay", "500ms", helper(), "sleep", "{}", ":::", "0.8", "0", "0"}));
  const finished end = tool.wait();
  EXPECT_EQ(end.code, 0) << end.err;
  EXPECT_GE(end.seconds, 1.3);
}

TEST_F(ToolMapStop, NoFolderIsMadeForASlotThatIsNotUsed) {
  bare_process tool(
      map({"-j1", "--results", path("slot{%}"), helper(), "out", "{}", ":::", "a", "b", "c"}));
  EXPECT_EQ(tool.wait().code, 0);
  EXPECT_EQ(::access(path("slot1").c_str(), F_OK), 0);
  EXPECT_NE(::access(path("slot2").c_str(), F_OK), 0);
}

TEST_F(ToolMapStop, ASecondSignalKills) {
  bare_process tool(map({"--kill-after", "50", helper(), "ignore", "TERM", "+", "ready", "{}", "+",
                         "pause", ":::", path("on")}));
  support::wait_for_file_line_count(path("on"), 1);
  tool.signal(SIGTERM);
  // Two at almost the same time are one wish.
  EXPECT_FALSE(support::wait_gone(tool.pid(), 400ms));
  tool.signal(SIGTERM);
  const finished end = tool.wait();
  EXPECT_EQ(end.code, 128 + SIGTERM);
  EXPECT_LT(end.seconds, 40);
}

TEST_F(ToolMapStop, WhatHasBeenWrittenIsShownWhenItIsStopped) {
  bare_process tool(
      map({helper(), "out", "begun\\n", "+", "ready", "{}", "+", "pause", ":::", path("on")}));
  support::wait_for_file_line_count(path("on"), 1);
  tool.signal(SIGTERM);
  EXPECT_EQ(tool.wait().out, "begun\n");
}

TEST_F(ToolMapStop, NobodyReadsAndStillItStops) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const pid_t tool = ::fork();
  ASSERT_GE(tool, 0);
  if (tool == 0) {
    ::dup2(ends[1], STDOUT_FILENO);
    const std::string t = support::tool();
    const std::string h = helper();
    ::execl(t.c_str(), t.c_str(), "map", "-q", "-j1", h.c_str(), "spam", "1M", "+", "ready", "{}",
            ":::", "one", "two", static_cast<char*>(nullptr));
    _exit(127);
  }
  support::wait_for_file_line_count("one", 1);
  ::kill(tool, SIGTERM);
  int status = 0;
  EXPECT_TRUE(support::poll_until(support::patience,
                                  [&] { return ::waitpid(tool, &status, WNOHANG) == tool; }));
  EXPECT_TRUE(WIFEXITED(status));
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_F(ToolMapStop, AnswersWhatIsRunning) {
  bare_process tool(
      map({"--lb", helper(), "out", "on\\n", "+", "wait-signal", "USR2", "{}", ":::", "TERM"}));
  tool.read_until("on\n");
  tool.signal(SIGUSR1);
  // It answers between two other things, so it is still there to be stopped.
  tool.signal(SIGTERM);
  EXPECT_THAT(tool.wait().err, HasSubstr("1 running"));
}

TEST_F(ToolMapStop, TheLastLineSaysWhatBecameOfAllJobs) {
  bare_process tool(map({"--lb", "-j2", helper(), "out", "on\\n", "+", ":::", "echo", "pause",
                         "pause", "pause", "pause"}));
  for (int job = 1; job <= 3; ++job) tool.read_until("on\n");  // the third follows on the first
  tool.signal(SIGTERM);
  EXPECT_EQ(tool.wait().err, "brood: 1 ok, 2 stopped, 2 not started; --resume goes on\n");
}

// --- nothing is left -----------------------------------------------------------------------------

enum class ending { term, interrupt, kill, timeout, halt };

const char* name_of(ending how) {
  constexpr const char* names[] = {"Term", "Int", "Kill", "Timeout", "Halt"};
  return names[static_cast<int>(how)];
}

void PrintTo(ending how, std::ostream* to) { *to << name_of(how); }

class ToolMapLeak : public ToolMapStop,
                    public ::testing::WithParamInterface<std::tuple<ending, bool>> {
 protected:
  words command() const {
    words argv = map({"-q", "-j2", "--kill-after", "0.1"});
    const ending how = std::get<0>(GetParam());
    if (how == ending::timeout) argv.insert(argv.end(), {"-t", "1"});
    if (how == ending::halt) argv.insert(argv.end(), {"--halt", "now,fail=1"});
    return argv;
  }
  /// A process that becomes the tool, perhaps as nobody.
  pid_t start(const words& argv, bool unprivileged) const {
    const pid_t pid = ::fork();
    if (pid != 0) return pid;
    if (unprivileged && (::setgroups(0, nullptr) != 0 || ::setresgid(nobody, nobody, nobody) != 0 ||
                         ::setresuid(nobody, nobody, nobody) != 0)) {
      _exit(99);
    }
    if (::access(helper().c_str(), X_OK) != 0) _exit(77);
    std::vector<char*> raw;
    for (const std::string& w : argv) raw.push_back(const_cast<char*>(w.c_str()));
    raw.push_back(nullptr);
    ::execv(raw[0], raw.data());
    _exit(98);
  }
};

INSTANTIATE_TEST_SUITE_P(All, ToolMapLeak,
                         ::testing::Combine(::testing::Values(ending::term, ending::interrupt,
                                                              ending::kill, ending::timeout,
                                                              ending::halt),
                                            ::testing::Bool()),
                         [](const auto& i) {
                           return std::string(name_of(std::get<0>(i.param))) +
                                  (std::get<1>(i.param) ? "AsNobody" : "");
                         });

TEST_P(ToolMapLeak, NobodySurvives) {
  const auto& [how, unprivileged] = GetParam();
  if (unprivileged && ::geteuid() != 0) GTEST_SKIP() << "the other case does this";
  ASSERT_EQ(::chmod(dir().c_str(), 0777), 0);
  words argv = command();
  if (how == ending::halt) {
    // The first one waits for the second's tree to be there, and fails.
    argv.insert(argv.end(),
                {helper(), "exec", "/bin/sh", "-c",
                 "[ $0 = tree ] && exec \"$1\" leak-tree pids; until [ \"$(wc -l < pids "
                 "2>/dev/null || echo 0)\" -ge 5 ]; do :; done; exit 1",
                 "{}", helper(), ":::", "fail", "tree"});
  } else {
    argv.insert(argv.end(), {helper(), "leak-tree", "{}", ":::", "pids"});
  }
  const pid_t tool = start(argv, unprivileged);
  ASSERT_GT(tool, 0);
  std::vector<std::string> pids;
  int status = 0;
  bool ended = false;
  (void)support::poll_until(support::patience, [&] {
    pids = support::lines_of("pids");
    ended = ended || ::waitpid(tool, &status, WNOHANG) == tool;
    return pids.size() >= 5 || ended;
  });
  if (ended && WIFEXITED(status) && WEXITSTATUS(status) == 77) {
    GTEST_SKIP() << "nobody cannot reach the helper";
  }
  EXPECT_EQ(pids.size(), 5U);
  if (how == ending::term) ::kill(tool, SIGTERM);
  if (how == ending::interrupt) ::kill(tool, SIGINT);
  if (how == ending::kill) ::kill(tool, SIGKILL);
  EXPECT_TRUE(support::poll_until(support::patience, [&] {
    ended = ended || ::waitpid(tool, &status, WNOHANG) == tool;
    return ended;
  }));
  for (const std::string& pid : pids) EXPECT_TRUE(support::wait_gone(std::stoi(pid))) << pid;
  EXPECT_TRUE(none_survive());
  if (!ended) support::kill_pid(tool);
}

TEST_F(ToolMapStop, NoFileIsLeftWhenItIsKilled) {
  ASSERT_EQ(::mkdir("spool", 0777), 0);
  support::bare_options elsewhere;
  elsewhere.env = {{"TMPDIR", path("spool")}};
  bare_process tool(map({"-k", helper(), "spam", "64K", "+", "ready", "{}", "+", "pause",
                         ":::", path("one"), path("two")}),
                    elsewhere);
  support::wait_for_file_line_count(path("one"), 1);
  tool.signal(SIGKILL);
  (void)tool.wait();
  EXPECT_EQ(::rmdir("spool"), 0) << "it is not empty";
  EXPECT_TRUE(none_survive());
}

}  // namespace
