// Jobs that brood map stops with the batch have not failed: not in ls, nor in any form of a report.
// SPDX-License-Identifier: Apache-2.0
#include <signal.h>
#include <unistd.h>

#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/bare.hpp"
#include "support/clean.hpp"
#include "support/files.hpp"
#include "support/helper.hpp"

namespace {

using support::bare_process;
using support::finished;
using support::helper;
using support::map;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;
using words = std::vector<std::string>;

class ToolStoppedJobs : public support::os_test {
 protected:
  static std::string report(words flags) {
    flags.insert(flags.begin(), {support::tool(), "report"});
    return support::run_bare(flags).out;
  }
  static std::string ls() { return support::run_bare({support::tool(), "ls"}).out; }

  /// Two jobs that run until they are stopped, when the run was ended by `how`, with `status`.
  static void expect_both_stopped(const std::string& how, int status) {
    EXPECT_THAT(ls(), ContainsRegex(" " + how + " +0 +0 +2 +0 "));
    EXPECT_THAT(report({}), HasSubstr(" with status " + std::to_string(status) + ", stopped by " +
                                      how + "\n  jobs: 0 succeeded, 0 failed, 2 stopped\n"));
    EXPECT_THAT(report({}), HasSubstr("\n2 x was stopped\n"));
    EXPECT_EQ(report({"--failed"}), "");
    const std::string junit = report({"--as", "junit"});
    EXPECT_THAT(junit, HasSubstr("tests=\"2\" failures=\"0\" errors=\"0\" skipped=\"2\""));
    EXPECT_THAT(junit, HasSubstr("<skipped message=\"was stopped\"/>"));
    const std::string metrics = report({"--as", "metrics"});
    EXPECT_THAT(metrics, HasSubstr("result=\"failed\"} 0\n"));
    EXPECT_THAT(metrics, HasSubstr("result=\"stopped\"} 2\n"));
    EXPECT_THAT(report({"--as", "html"}), HasSubstr("\"failed\":0,\"stopped\":2"));
    EXPECT_THAT(report({"--as", "html"}), HasSubstr(",\"stopped\",\"was stopped\""));
    EXPECT_THAT(report({"--as", "trace"}), HasSubstr("\"cat\":\"stopped\""));
    EXPECT_THAT(report({"--as", "json"}), HasSubstr("\"state\":\"stopped\""));
  }
};

TEST_F(ToolStoppedJobs, ByASignal) {
  for (const auto& [number, name] : {std::pair(SIGTERM, "SIGTERM"), std::pair(SIGINT, "SIGINT")}) {
    bare_process tool(map(
        {"-j2", helper(), "ready", path("on"), "+", "pause", "+", "echo", ":::", "a", "b", "c"}));
    support::wait_for_file_line_count(path("on"), 2);
    tool.signal(number);
    (void)tool.wait();
    expect_both_stopped(name, 128 + number);
    ::unlink("on");
  }
}

TEST_F(ToolStoppedJobs, ByCtrlC) {
  // It reaches the jobs as well: one dies of it, a shell would say 130.
  support::bare_options alone;
  alone.new_session = true;
  bare_process tool(
      map({"-j2", "--retry", "3", helper(), "ready", path("on"), "+", "exec", "/bin/sh", "-c",
           "trap 'exit $0' INT; while :; do sleep 0.01; done", ":::", "130", "130"}),
      alone);
  support::wait_for_file_line_count(path("on"), 2);
  ASSERT_GT(tool.pid(), 1);
  ::kill(-tool.pid(), SIGINT);
  (void)tool.wait();
  expect_both_stopped("SIGINT", 130);
}

TEST_F(ToolStoppedJobs, ByHaltAfterTheCause) {
  const words argv = map(
      {"-j3", "--halt", "now,fail=1", helper(), "exec", "/bin/sh", "-c",
       "echo >> on; if [ $0 = b ]; then while [ $(wc -l < on) -lt 3 ]; do :; done; echo real >&2;"
       " exit 4; else exec sleep 50; fi",
       ":::", "a", "b", "c"});
  const finished run = support::run_bare(argv);
  EXPECT_EQ(run.code, 1);
  EXPECT_THAT(ls(), ContainsRegex(" exit 1 +0 +1 +2 +0 "));
  const std::string text = report({});
  EXPECT_THAT(text, HasSubstr("jobs: 0 succeeded, 1 failed, 2 stopped\n"));
  EXPECT_LT(text.find("\n1 x exit status 4: real\n"), text.find("\n2 x was stopped\n"));
  EXPECT_THAT(report({"--failed"}), Not(HasSubstr("stopped")));
  // A success that is enough is not spoilt by those that it stops.
  words enough = argv;
  enough[4] = "now,done=1";
  ::unlink("on");
  (void)support::run_bare(enough);
  EXPECT_THAT(report({}), HasSubstr("1 failed, 2 stopped\n"));
}

TEST_F(ToolStoppedJobs, ATimeoutIsAFailure) {
  EXPECT_EQ(support::run_bare(map({"-t", "0.1", helper(), "sleep", ":::", "50"})).code, 1);
  EXPECT_THAT(report({}), HasSubstr("1 failed\n"));
  EXPECT_THAT(report({}), HasSubstr("\n1 x timed out\n"));
}

TEST_F(ToolStoppedJobs, OneThatWaitedForItsNextAttemptHasFailed) {
  bare_process tool(map({"--retry", "2,50", "--results", "r", helper(), "err", "why", "+", "exit",
                         "7", "+", "echo", ":::", "a"}));
  // The journal has the end of the first attempt a moment later.
  EXPECT_TRUE(support::poll_until(support::patience, [] {
    return report({"--as", "json"}).find("\"exit_code\":7") != std::string::npos;
  }));
  tool.signal(SIGTERM);
  (void)tool.wait();
  EXPECT_THAT(report({}), HasSubstr("jobs: 0 succeeded, 1 failed\n"));
  EXPECT_THAT(report({}), HasSubstr("\n1 x exit status 7: {}\n"));
}

}  // namespace
