// run() and its short forms: statuses, targets, environment, lookup, limits of time, checks.
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <brood/brood.hpp>

#include "support/clean.hpp"
#include "support/files.hpp"
#include "support/helper.hpp"
#include "support/pattern.hpp"
#include "support/temp_pipe.hpp"

namespace {

using namespace std::chrono_literals;
using brood::containment;
using brood::options;
using brood::reason;
using support::helper;
using support::read_file;

constexpr containment levels[] = {containment::process, containment::group, containment::tree,
                                  containment::sealed};

std::string level_name(const ::testing::TestParamInfo<containment>& info) {
  return std::string(brood::to_string(info.param));
}

class Run : public support::os_test, public ::testing::WithParamInterface<containment> {
 protected:
  brood::completed_process run(const std::vector<std::string>& verbs, options o = {}) const {
    std::vector<std::string> words{helper()};
    words.insert(words.end(), verbs.begin(), verbs.end());
    o.contain = GetParam();
    return brood::run(words, o);
  }
  std::string out(const std::vector<std::string>& verbs, options o = {}) const {
    o.out = brood::PIPE;
    return run(verbs, o).out;
  }
};
INSTANTIATE_TEST_SUITE_P(All, Run, ::testing::ValuesIn(levels), level_name);

TEST_P(Run, CodesAreKeptApartFromSignals) {
  for (const int code : {0, 1, 9, 127, 255}) {
    const auto r = run({"exit", std::to_string(code)});
    EXPECT_EQ(r.status.code(), code);
    EXPECT_FALSE(r.status.signal());
    EXPECT_EQ(r.reason, reason::exited);
    EXPECT_EQ(r.success(), code == 0);
    EXPECT_EQ(r.returncode(), code);
    EXPECT_EQ(r.containment, GetParam());
    EXPECT_TRUE(r.complete);
  }
  for (const int signal : {SIGTERM, SIGKILL, SIGSEGV, SIGUSR1, 64}) {
    const auto r = run({"kill-self", std::to_string(signal)});
    EXPECT_EQ(r.status.signal(), signal);
    EXPECT_FALSE(r.status.code());
    EXPECT_EQ(r.reason, reason::signaled);
    EXPECT_EQ(r.returncode(), -signal);
    EXPECT_FALSE(r.success());
  }
}

TEST_P(Run, CaptureKeepsTheStreamsApart) {
  const auto r =
      run({"out", "one", "+", "err", "two", "+", "out", "three"}, {.capture_output = true});
  EXPECT_EQ(r.out, "onethree");
  EXPECT_EQ(r.err, "two");
}

TEST_P(Run, MergedOutputIsInTheOrderWritten) {
  const auto r = run({"out", "1", "+", "err", "2", "+", "out", "3", "+", "err", "4"},
                     {.out = brood::PIPE, .err = brood::STDOUT});
  EXPECT_EQ(r.out, "1234");
  EXPECT_EQ(r.err, "");
}

TEST_P(Run, DevnullIsEmptyAndSwallows) {
  EXPECT_EQ(out({"swallow"}, {.in = brood::DEVNULL}), "0\n");
  EXPECT_EQ(run({"out", "x"}, {.out = brood::DEVNULL}).out, "");
  EXPECT_NE(out({"list-fds"}, {.err = brood::DEVNULL}).find("2 /dev/null"), std::string::npos);
}

TEST_P(Run, FilesAreTruncatedAppendedOrCreated) {
  const std::string name = path("file");
  run({"out", "a long text"}, {.out = brood::file(name)}).success();
  run({"out", "one"}, {.out = brood::file(name)}).success();
  EXPECT_EQ(read_file(name), "one");
  run({"out", "two"}, {.out = brood::file(name, "a")}).success();
  EXPECT_EQ(read_file(name), "onetwo");
  EXPECT_EQ(out({"cat"}, {.in = brood::file(name)}), "onetwo");
  try {
    (void)run({"out", "x"}, {.out = brood::file(name, "x")});
    ADD_FAILURE() << "mode x took a file that was there";
  } catch (const brood::spawn_error& e) {
    EXPECT_EQ(e.code().value(), EEXIST);
    EXPECT_EQ(e.stage(), brood::error_stage::open);
    EXPECT_EQ(e.subject(), name);
  }
  EXPECT_EQ(read_file(name), "onetwo");
  run({"out", "x"}, {.out = brood::file(path("new"), "x")}).success();
  EXPECT_EQ(read_file(path("new")), "x");
}

TEST_P(Run, DescriptorsOfTheCallerStayTheCallers) {
  support::temp_pipe pipe;
  EXPECT_TRUE(run({"out", "to fd"}, {.out = brood::fd(pipe.write_end())}).success());
  EXPECT_GE(fcntl(pipe.write_end(), F_GETFD), 0);
  pipe.close_write();
  EXPECT_EQ(out({"cat"}, {.in = brood::fd(pipe.read_end())}), "to fd");
}

TEST_P(Run, OneDescriptorServesBothOutputs) {
  support::temp_pipe pipe;
  const auto both = brood::fd(pipe.write_end());
  EXPECT_TRUE(run({"out", "a", "+", "err", "b"}, {.out = both, .err = both}).success());
  pipe.close_write();
  EXPECT_EQ(out({"cat"}, {.in = brood::fd(pipe.read_end())}), "ab");
}

TEST_P(Run, TeeGivesTheSameBytesToAll) {
  support::temp_pipe pipe;
  const auto r =
      run({"out", "bytes"},
          {.out = brood::tee(brood::PIPE, brood::file(path("tee")), brood::fd(pipe.write_end()))});
  pipe.close_write();
  EXPECT_EQ(r.out, "bytes");
  EXPECT_EQ(read_file(path("tee")), "bytes");
  EXPECT_EQ(out({"cat"}, {.in = brood::fd(pipe.read_end())}), "bytes");
}

TEST_P(Run, TenMebibytesGoInAndComeBack) {
  const std::string bytes = support::pattern_bytes(10 << 20, 7);
  const auto r = run({"cat"}, {.input = bytes, .out = brood::PIPE});
  EXPECT_TRUE(r.out == bytes) << r.out.size();
  EXPECT_EQ(out({"sum"}, {.input = bytes}), support::sum_line(bytes));
  EXPECT_TRUE(out({"pattern", "10M", "7"}) == bytes);
}

TEST_P(Run, InputThatNobodyReadsIsNotAnError) {
  const auto r = run({"exit", "3"}, {.input = std::string(1 << 20, 'x'), .out = brood::PIPE});
  EXPECT_EQ(r.status.code(), 3);
}

TEST_P(Run, TheEnvironmentIsADifference) {
  ASSERT_EQ(setenv("BROOD_T_A", "a", 1), 0);
  ASSERT_EQ(setenv("BROOD_T_B", "b", 1), 0);
  const std::vector<std::string> show{"env", "BROOD_T_A", "BROOD_T_B", "BROOD_T_C"};
  using brood::environment;
  const auto with = [&](environment e) { return out(show, {.env = std::move(e)}); };
  const std::string none = "BROOD_T_A unset\nBROOD_T_B unset\nBROOD_T_C unset\n";
  EXPECT_EQ(with({}), "BROOD_T_A=a\nBROOD_T_B=b\nBROOD_T_C unset\n");
  EXPECT_EQ(with(environment().set("BROOD_T_C", "x=y").unset("BROOD_T_A")),
            "BROOD_T_A unset\nBROOD_T_B=b\nBROOD_T_C=x=y\n");
  EXPECT_EQ(with(environment::only({"BROOD_T_B", "BROOD_T_C"})),
            "BROOD_T_A unset\nBROOD_T_B=b\nBROOD_T_C unset\n");
  EXPECT_EQ(with(environment::empty()), none);
  EXPECT_EQ(with(environment::empty().pass("BROOD_T_A").set("BROOD_T_C", "")),
            "BROOD_T_A=a\nBROOD_T_B unset\nBROOD_T_C=\n");
  EXPECT_EQ(with(environment().set("BROOD_T_A", "1").set("BROOD_T_A", "2")),
            "BROOD_T_A=2\nBROOD_T_B=b\nBROOD_T_C unset\n");
  EXPECT_EQ(out({"env"}, {.env = environment::empty()}), "");
  unsetenv("BROOD_T_A");
  unsetenv("BROOD_T_B");
}

TEST_P(Run, CwdIsTheChildsAlone) {
  EXPECT_EQ(out({"cwd"}, {.cwd = "/"}), "/\n");
  EXPECT_EQ(out({"cwd"}), out({"cwd"}, {.cwd = "."}));
  const brood::command relative{"./" + helper().substr(helper().rfind('/') + 1), "exit", "4"};
  const std::string place = helper().substr(0, helper().rfind('/'));
  EXPECT_EQ(brood::run(relative, {.cwd = place, .contain = GetParam()}).status.code(), 4);
}

TEST_P(Run, ExecutableReplacesTheFileAndNotTheName) {
  const brood::command named{"another name", "args", "x"};
  const auto r =
      brood::run(named, {.out = brood::PIPE, .executable = helper(), .contain = GetParam()});
  EXPECT_EQ(r.out, "0:another name\n1:x\n");
  EXPECT_EQ(r.args, named.args());
}

TEST_P(Run, PathIsTheChildsAndTheWorkingDirectoryIsNotOnIt) {
  ASSERT_EQ(mkdir(path("bin").c_str(), 0755), 0);
  ASSERT_EQ(symlink(helper().c_str(), path("bin/only-here").c_str()), 0);
  ASSERT_EQ(symlink(helper().c_str(), path("in-cwd").c_str()), 0);
  options o{.env = brood::environment().set("PATH", path("none") + ":" + path("bin")),
            .contain = GetParam()};
  EXPECT_EQ(brood::run({"only-here", "exit", "5"}, o).status.code(), 5);
  const auto r = brood::try_run({"in-cwd", "exit", "0"}, o);
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().kind(), brood::error_kind::not_found);
  EXPECT_EQ(r.error().stage(), brood::error_stage::exec);
  EXPECT_EQ(r.error().subject(), "in-cwd");
}

TEST_P(Run, OkCodesSayWhatSuccessIs) {
  EXPECT_TRUE(run({"exit", "3"}, {.check = true, .ok_codes = {0, 3}}).success());
  EXPECT_FALSE(run({"exit", "0"}, {.ok_codes = {3}}).success());
  EXPECT_FALSE(run({"kill-self", "TERM"}, {.ok_codes = {15, 143}}).success());
}

TEST_P(Run, CheckThrowsWithTheResult) {
  try {
    (void)run({"out", "o", "+", "err", "e", "+", "exit", "7"},
              {.capture_output = true, .check = true});
    ADD_FAILURE() << "no error";
  } catch (const brood::called_process_error& e) {
    EXPECT_EQ(e.kind(), brood::error_kind::failed);
    EXPECT_EQ(e.stage(), brood::error_stage::check);
    ASSERT_NE(e.result(), nullptr);
    EXPECT_EQ(e.result()->status.code(), 7);
    EXPECT_EQ(e.result()->out, "o");
    EXPECT_EQ(e.result()->err, "e");
    EXPECT_NE(std::string(e.what()).find("exit status 7"), std::string::npos) << e.what();
  }
  EXPECT_THROW((void)run({"kill-self", "KILL"}, {.check = true}), brood::called_process_error);
}

TEST_P(Run, TheShortFormsCheck) {
  const options o{.contain = GetParam()};
  EXPECT_EQ(brood::check_output({helper(), "out", "x"}, o), "x");
  EXPECT_NO_THROW(brood::check_call({helper(), "exit", "0"}, o));
  EXPECT_THROW((void)brood::check_output({helper(), "exit", "1"}, o), brood::called_process_error);
  EXPECT_THROW(brood::check_call({helper(), "exit", "1"}, o), brood::called_process_error);
}

TEST_P(Run, ShellTakesItsArgumentsAsData) {
  options o{.out = brood::PIPE, .contain = GetParam()};
  EXPECT_EQ(brood::run(brood::shell("echo a; echo b | cat; exit 3"), o).out, "a\nb\n");
  EXPECT_EQ(brood::run(brood::shell("echo \"$0 $1\"", {"zero", "$(one)"}), o).out, "zero $(one)\n");
}

TEST_P(Run, UsageHasNumbersOfTheCommand) {
  const auto r = run({"burn-cpu", "0.1", "+", "eat-memory", "32M"}, {.out = brood::DEVNULL});
  EXPECT_GE(r.usage.user + r.usage.system, 90ms);
  EXPECT_GE(r.usage.wall, 90ms);
  EXPECT_LT(r.usage.wall, support::patience);
  EXPECT_GE(r.usage.max_rss_bytes, 32U << 20);
  EXPECT_GT(r.usage.minor_faults, 0U);
  EXPECT_GT(r.pid, 0);
}

TEST_P(Run, ATimeoutStopsAndKeepsWhatCame) {
  try {
    (void)run({"out", "partial", "+", "pause"}, {.capture_output = true, .timeout = 300ms});
    ADD_FAILURE() << "no error";
  } catch (const brood::timeout_expired& e) {
    ASSERT_NE(e.result(), nullptr);
    EXPECT_EQ(e.kind(), brood::error_kind::timed_out);
    EXPECT_EQ(e.result()->reason, reason::timed_out);
    EXPECT_EQ(e.result()->out, "partial");
    EXPECT_EQ(e.result()->status.signal(), SIGTERM);
    EXPECT_FALSE(e.result()->accepted);
  }
}

TEST_P(Run, ACommandThatIgnoresTermIsKilled) {
  const auto r = brood::try_run({helper(), "ignore", "TERM", "+", "out", "x", "+", "pause"},
                                {.out = brood::PIPE,
                                 .timeout = 300ms,
                                 .stop = {{SIGTERM, 50ms}, {SIGKILL, {}}},
                                 .contain = GetParam()});
  ASSERT_FALSE(r);
  ASSERT_NE(r.error().result(), nullptr);
  EXPECT_EQ(r.error().result()->status.signal(), SIGKILL);
  EXPECT_EQ(r.error().result()->reason, reason::timed_out);
  EXPECT_EQ(r.error().result()->out, "x");
}

TEST_P(Run, ACommandMayEndWellOnTheLadder) {
  const auto r = brood::try_run({helper(), "on-term", "bye", "6", "+", "pause"},
                                {.out = brood::PIPE, .timeout = 300ms, .contain = GetParam()});
  ASSERT_FALSE(r);
  ASSERT_NE(r.error().result(), nullptr);
  EXPECT_EQ(r.error().result()->status.code(), 6);
  EXPECT_EQ(r.error().result()->reason, reason::timed_out);
  EXPECT_EQ(r.error().result()->out, "bye");
}

TEST_P(Run, AGrandchildThatHoldsThePipeIsNotATimeout) {
  const auto begin = std::chrono::steady_clock::now();
  const auto r = run({"hold-pipe", "60", "+", "exit", "5"},
                     {.out = brood::PIPE, .timeout = 50s, .drain_grace = 100ms});
  EXPECT_LT(std::chrono::steady_clock::now() - begin, support::patience);
  EXPECT_EQ(r.reason, reason::exited);
  EXPECT_EQ(r.status.code(), 5);
  EXPECT_FALSE(r.complete);
  ASSERT_NE(r.out, "");
  const pid_t holder = std::stoi(r.out);
  if (support::pid_alive(holder)) support::kill_pid(holder);
  EXPECT_TRUE(support::wait_gone(holder));
}

TEST_P(Run, SilenceBeyondTheIdleTimeoutStops) {
  const auto r = brood::try_run(
      {helper(), "drip", "8", "100", "x", "+", "pause"},
      {.out = brood::PIPE, .timeout = 60s, .idle_timeout = 700ms, .contain = GetParam()});
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().kind(), brood::error_kind::timed_out);
  ASSERT_NE(r.error().result(), nullptr);
  EXPECT_EQ(r.error().result()->reason, reason::idle_timed_out);
  EXPECT_EQ(r.error().result()->out, "xxxxxxxx");
}

TEST_P(Run, CpuAndFileSizeLimitsAreSaidAsReasons) {
  const auto cpu = run({"burn-cpu", "30"}, {.limits = {.cpu_time = 1s}});
  EXPECT_EQ(cpu.reason, reason::cpu_limit);
  EXPECT_EQ(cpu.status.signal(), SIGXCPU);
  const auto size = run({"write-file", path("big"), "1M"}, {.limits = {.file_size = 1000}});
  EXPECT_EQ(size.reason, reason::file_size_limit);
  EXPECT_EQ(size.status.signal(), SIGXFSZ);
  EXPECT_EQ(read_file(path("big")).size(), 1000U);
}

}  // namespace
