// brood run --retry: no attempt starts after a stop was asked for, whenever that was.
// SPDX-License-Identifier: Apache-2.0
#include <signal.h>

#include <chrono>
#include <initializer_list>
#include <string>
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
using ::testing::HasSubstr;
using words = std::vector<std::string>;

class ToolRetry : public support::os_test {
 protected:
  // Each attempt adds a line to the file `attempts`. Diagnostics come on stdout.
  words tool_run(std::initializer_list<std::string> flags,
                 std::initializer_list<std::string> verbs) const {
    words argv{"sh", "-c", "exec \"$0\" \"$@\" 2>&1", support::tool(), "run"};
    argv.insert(argv.end(), flags);
    argv.insert(argv.end(), {"--", support::helper(), "ready", path("attempts"), "+"});
    argv.insert(argv.end(), verbs);
    return argv;
  }
  std::size_t attempts() const { return support::lines_of(path("attempts")).size(); }
};

TEST_F(ToolRetry, ACommandThatEndsInItsOwnWayAtAStopIsNotTriedAgain) {
  for (const int number : {SIGTERM, SIGINT, SIGHUP, SIGQUIT}) {
    support::write_file(path("attempts"), "");
    const std::string name = std::to_string(number);
    bare_process tool(tool_run({"--retry", "3,1ms"}, {"block-signals", name, "+", "out", "on\\n",
                                                      "+", "wait-signal", name, "+", "exit", "7"}));
    tool.read_until("on\n");
    tool.signal(number);
    const finished end = tool.wait();
    EXPECT_EQ(end.code, 7);
    EXPECT_EQ(end.out.find("attempt "), std::string::npos) << end.out;
    EXPECT_EQ(attempts(), 1U) << number;
  }
}

TEST_F(ToolRetry, AStopWhileTheTimeoutIsBeingEnforcedIsNotLost) {
  bare_process tool(tool_run({"--retry", "3,1ms", "-t", "300ms", "-k", "50"},
                             {"block-signals", "TERM", "+", "wait-signal", "TERM", "+", "pause"}));
  tool.read_until("TERM\n");  // of the ladder
  tool.signal(SIGTERM);
  const finished end = tool.wait();
  EXPECT_EQ(end.code, 124);
  EXPECT_LT(end.seconds, 40);
  EXPECT_EQ(attempts(), 1U);
}

TEST_F(ToolRetry, AStopBetweenAttemptsEndsTheToolWhichStillReports) {
  for (const int number : {SIGTERM, SIGINT}) {
    support::write_file(path("attempts"), "");
    bare_process tool(tool_run({"--retry", "3,100s", "--json"}, {"exit", "4"}));
    tool.read_until("exit status 4; again in 100 s\n");
    tool.signal(number);
    const finished end = tool.wait();
    EXPECT_EQ(end.signal, number);
    EXPECT_THAT(end.out, HasSubstr("\"exit_code\":4"));
    EXPECT_THAT(end.out, HasSubstr("\"attempts\":1,"));
    EXPECT_EQ(attempts(), 1U);
  }
}

TEST_F(ToolRetry, ASignalThatIsForTheCommandIsDroppedWhereThereIsNone) {
  bare_process tool(tool_run({"--retry", "2,300ms"}, {"exit-once", path("once"), "4"}));
  tool.read_until("exit status 4; again in ");
  tool.signal(SIGUSR1);
  EXPECT_EQ(tool.wait().code, 0);
  EXPECT_EQ(attempts(), 2U);
}

TEST_F(ToolRetry, UnderInitAHangupIsNoStop) {
  bare_process tool(tool_run({"--init", "--retry", "2,1ms", "-q"},
                             {"block-signals", "HUP", "+", "out", "on\\n", "+", "wait-signal",
                              "HUP", "+", "exit-once", path("once"), "4"}));
  tool.read_until("on\n");
  tool.signal(SIGHUP);
  tool.read_until("on\n");  // the second attempt
  tool.signal(SIGHUP);
  EXPECT_EQ(tool.wait().code, 0);
  EXPECT_EQ(attempts(), 2U);
}

TEST_F(ToolRetry, UnderInitTermIsAStop) {
  bare_process tool(
      tool_run({"--init", "--retry", "3,1ms"}, {"block-signals", "TERM", "+", "out", "on\\n", "+",
                                                "wait-signal", "TERM", "+", "exit", "7"}));
  tool.read_until("on\n");
  tool.signal(SIGTERM);
  EXPECT_EQ(tool.wait().code, 7);
  EXPECT_EQ(attempts(), 1U);
}

}  // namespace
