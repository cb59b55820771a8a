// What signals to the tool do to the command, and that nothing of it survives the tool.
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <initializer_list>
#include <ostream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "support/bare.hpp"
#include "support/clean.hpp"
#include "support/files.hpp"
#include "support/helper.hpp"

namespace {

using namespace std::chrono_literals;
using support::bare_process;
using support::finished;
using words = std::vector<std::string>;

words tool_run(std::initializer_list<std::string> flags, std::initializer_list<std::string> verbs) {
  words argv{support::tool(), "run"};
  argv.insert(argv.end(), flags);
  argv.insert(argv.end(), {"--", support::helper()});
  argv.insert(argv.end(), verbs);
  return argv;
}

class ToolSignals : public support::os_test {};

TEST_F(ToolSignals, TermEndsTheCommandAndTheStatusSaysSo) {
  bare_process tool(tool_run({}, {"out", "ready\\n", "+", "pause"}));
  tool.read_until("ready\n");
  tool.signal(SIGTERM);
  const finished end = tool.wait();
  EXPECT_EQ(end.code, 128 + SIGTERM);
  EXPECT_EQ(end.err, "");
}

TEST_F(ToolSignals, EachStoppingSignalReachesTheCommandAsItself) {
  for (const char* name : {"TERM", "INT", "HUP", "QUIT"}) {
    bare_process tool(tool_run({}, {"block-signals", "TERM", "INT", "HUP", "QUIT", "+", "out",
                                    "ready\\n", "+", "wait-signal", "TERM", "INT", "HUP", "QUIT"}));
    tool.read_until("ready\n");
    tool.signal(std::string_view(name) == "TERM"  ? SIGTERM
                : std::string_view(name) == "INT" ? SIGINT
                : std::string_view(name) == "HUP" ? SIGHUP
                                                  : SIGQUIT);
    const finished end = tool.wait();
    EXPECT_NE(end.out.find(std::string(name) + "\n"), std::string::npos) << end.out;
    EXPECT_EQ(end.code, 0);
  }
}

TEST_F(ToolSignals, TheCommandMayEndInItsOwnWay) {
  bare_process tool(tool_run({}, {"on-term", "bye\\n", "7", "+", "out", "ready\\n", "+", "pause"}));
  tool.read_until("ready\n");
  tool.signal(SIGTERM);
  const finished end = tool.wait();
  EXPECT_NE(end.out.find("bye\n"), std::string::npos);
  EXPECT_EQ(end.code, 7);
}

TEST_F(ToolSignals, ASecondTermKills) {
  bare_process tool(
      tool_run({"-k", "50"}, {"ignore", "TERM", "+", "out", "ready\\n", "+", "pause"}));
  tool.read_until("ready\n");
  tool.signal(SIGTERM);
  // Two signals at almost the same time are one wish: the second wish has to come later.
  EXPECT_FALSE(support::wait_gone(tool.pid(), 400ms));
  tool.signal(SIGTERM);
  const finished end = tool.wait();
  EXPECT_EQ(end.code, 128 + SIGKILL);
  EXPECT_LT(end.seconds, 20);
}

TEST_F(ToolSignals, TwoTermsAtOnceAreOneWish) {
  bare_process tool(tool_run({"-k", "50"}, {"ignore", "TERM", "+", "out", "ready\\n", "+", "sleep",
                                            "0.4", "+", "exit", "5"}));
  tool.read_until("ready\n");
  tool.signal(SIGTERM);
  tool.signal(SIGTERM);
  EXPECT_EQ(tool.wait().code, 5);
}

TEST_F(ToolSignals, OtherSignalsAreForwarded) {
  for (const int number : {SIGUSR1, SIGUSR2, SIGALRM, SIGWINCH, SIGRTMIN + 3}) {
    const std::string name = std::to_string(number);
    bare_process tool(tool_run(
        {}, {"block-signals", name, "+", "out", "ready\\n", "+", "wait-signal", name, "TERM"}));
    tool.read_until("ready\n");
    tool.signal(number);
    const finished end = tool.wait();
    EXPECT_EQ(end.code, 0);
    EXPECT_EQ(end.out.find("TERM"), std::string::npos) << number;
  }
}

TEST_F(ToolSignals, InitForwardsWhatWouldStopOtherwise) {
  bare_process tool(tool_run(
      {"--init"}, {"block-signals", "HUP", "TERM", "+", "out", "ready\\n", "+", "wait-signal",
                   "HUP", "+", "out", "reloaded\\n", "+", "wait-signal", "TERM"}));
  tool.read_until("ready\n");
  tool.signal(SIGHUP);
  tool.read_until("reloaded\n");
  tool.signal(SIGTERM);
  EXPECT_EQ(tool.wait().code, 0);
}

TEST_F(ToolSignals, InitReapsOrphans) {
  bare_process tool(
      tool_run({"--init", "--contain", "process"},
               {"daemonise", "ready", path("gone"), "+", "out", "ready\\n", "+", "pause"}));
  tool.read_until("ready\n");
  support::wait_for_file_line_count(path("gone"), 1);
  const std::string tasks = "/proc/" + std::to_string(tool.pid()) + "/task/";
  const std::string own = tasks + std::to_string(tool.pid()) + "/children";
  // The command is left, and what the library itself needs, but no zombie.
  EXPECT_TRUE(support::poll_until(support::patience, [&] {
    return support::read_file(own).find(' ') == support::read_file(own).rfind(' ');
  })) << support::read_file(own);
  tool.signal(SIGTERM);
  EXPECT_EQ(tool.wait().code, 128 + SIGTERM);
}

TEST_F(ToolSignals, WhatOurCallerIgnoresTheCommandIgnores) {
  struct sigaction ignore {};
  struct sigaction old {};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGHUP, &ignore, &old);
  bare_process tool(tool_run({}, {"signals", "+", "pause"}));
  ::sigaction(SIGHUP, &old, nullptr);
  const std::string seen = tool.read_until("caught");
  EXPECT_NE(seen.find("ignored 1"), std::string::npos) << seen;
  EXPECT_NE(seen.find("blocked\n"), std::string::npos) << seen;
  tool.signal(SIGHUP);  // as with nohup: nothing
  tool.signal(SIGTERM);
  EXPECT_EQ(tool.wait().code, 128 + SIGTERM);
}

TEST_F(ToolSignals, AGroupSignalOfTheCommandDoesNotCancelIt) {
  // `kill 0` in a script that goes on afterwards.
  support::bare_options apart;
  apart.new_session = true;  // or the signal would reach the tests
  bare_process tool({support::tool(), "run", "-k", "0.1", "--shell",
                     "trap '' TERM; kill -TERM 0; sleep 0.5; exit 6"},
                    apart);
  EXPECT_EQ(tool.wait().code, 6);
}

TEST_F(ToolSignals, ASignalEndsAStartThatIsStuck) {
  ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
  bare_process tool(
      {support::tool(), "run", "--stdin", path("fifo"), "--", support::helper(), "cat"});
  tool.signal(SIGTERM);
  EXPECT_EQ(tool.wait().signal, SIGTERM);
}

TEST_F(ToolSignals, ASecondSignalEndsAToolWhoseReportNobodyReads) {
  int ends[2];
  ASSERT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  const std::string t = support::tool();
  const std::string h = support::helper();
  const pid_t tool = ::fork();
  ASSERT_GE(tool, 0);
  if (tool == 0) {
    ::dup2(ends[1], STDOUT_FILENO);
    ::execl(t.c_str(), t.c_str(), "run", "--quiet-ok", "--", h.c_str(), "spam", "1M", "+", "ready",
            "done", "+", "exit", "1", static_cast<char*>(nullptr));
    _exit(127);
  }
  support::wait_for_file_line_count(path("done"), 1);
  ::kill(tool, SIGTERM);
  EXPECT_FALSE(support::wait_gone(tool, 400ms));  // it may still report
  ::kill(tool, SIGTERM);
  int status = 0;
  EXPECT_TRUE(support::poll_until(support::patience,
                                  [&] { return ::waitpid(tool, &status, WNOHANG) == tool; }));
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM) << status;
  ::close(ends[0]);
  ::close(ends[1]);
}

struct leak_case {
  const char* name;
  int signal;  // to the tool; 0: it times out
};

void PrintTo(const leak_case& c, std::ostream* to) { *to << c.name; }

class ToolLeaks : public support::os_test,
                  public ::testing::WithParamInterface<std::tuple<leak_case, bool>> {};

TEST_P(ToolLeaks, NothingSurvives) {
  const auto& [how, unprivileged] = GetParam();
  words argv;
  if (unprivileged) {
    if (geteuid() != 0) GTEST_SKIP() << "the other case does this";
    ASSERT_EQ(::chmod(dir().c_str(), 0777), 0);
    argv = {"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"};
    words probe = argv;
    probe.insert(probe.end(), {"test", "-x", support::helper()});
    if (support::run_bare(probe).code != 0) GTEST_SKIP() << "nobody cannot reach the programs";
  }
  const words run = tool_run({"--timeout", how.signal == 0 ? "1" : "50", "-k", "0.2"},
                             {"leak-tree", path("pids")});
  argv.insert(argv.end(), run.begin(), run.end());

  bare_process tool(argv);
  tool.read_until("ready\n");
  const words pids = support::lines_of(path("pids"));
  ASSERT_EQ(pids.size(), 5U);
  if (how.signal != 0) tool.signal(how.signal);
  const finished end = tool.wait();

  if (how.signal == SIGKILL) {
    EXPECT_EQ(end.signal, SIGKILL);
  } else {
    EXPECT_EQ(end.code, how.signal == 0 ? 124 : 128 + how.signal) << end.err;
  }
  for (const std::string& line : pids) {
    const pid_t pid = static_cast<pid_t>(std::atoi(line.c_str()));
    // Killed, the tool cannot wait: then the guardian does the work afterwards.
    EXPECT_TRUE(how.signal == SIGKILL ? support::wait_gone(pid) : !support::pid_alive(pid)) << pid;
  }
}

std::string name_of(const ::testing::TestParamInfo<ToolLeaks::ParamType>& info) {
  const auto& [how, unprivileged] = info.param;
  return std::string(how.name) + (unprivileged ? "AsNobody" : "");
}

INSTANTIATE_TEST_SUITE_P(
    All, ToolLeaks,
    ::testing::Combine(::testing::Values(leak_case{"Timeout", 0}, leak_case{"Term", SIGTERM},
                                         leak_case{"Int", SIGINT}, leak_case{"Hup", SIGHUP},
                                         leak_case{"Kill", SIGKILL}),
                       ::testing::Bool()),
    name_of);

}  // namespace
