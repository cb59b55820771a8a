// run() and its short forms: statuses, targets, environment, lookup, checks.
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <brood/brood.hpp>

#include "support/files.hpp"
#include "support/helper.hpp"
#include "support/levels.hpp"
#include "support/pattern.hpp"
#include "support/temp_pipe.hpp"

namespace {

using namespace std::chrono_literals;
using brood::options;
using brood::reason;
using support::helper;
using support::read_file;

class Run : public support::level_test {
 protected:
  static brood::completed_process run(const std::vector<std::string>& verbs, options o = {}) {
    std::vector<std::string> words{helper()};
    words.insert(words.end(), verbs.begin(), verbs.end());
    o.contain = GetParam();
    return brood::run(words, o);
  }
  static std::string out(const std::vector<std::string>& verbs, options o = {}) {
    o.out = brood::PIPE;
    return run(verbs, std::move(o)).out;
  }
};
INSTANTIATE_TEST_SUITE_P(All, Run, support::all_levels(), support::level_name);

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
  EXPECT_EQ(run({"abort"}).status.signal(), SIGABRT);
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
  const std::string much(1 << 20, 'x');
  EXPECT_EQ(run({"exit", "3"}, {.input = much, .out = brood::PIPE}).status.code(), 3);
  const auto some = run({"cat-n", "10", "+", "exit", "0"}, {.input = much, .out = brood::PIPE});
  EXPECT_TRUE(some.success());
  EXPECT_EQ(some.out.size(), 10U);
}

TEST_P(Run, ArgumentsAreBytes) {
  EXPECT_EQ(out({"args", "", " a b ", "*", "\xff\n'\""}),
            "0:" + helper() + "\n1:\n2: a b \n3:*\n4:\xff\n'\"\n");
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
  EXPECT_EQ(out({"cwd"}, {.cwd = dir()}), dir() + "\n");
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
  options o{.contain = GetParam()};
  EXPECT_EQ(brood::check_output({helper(), "out", "x"}, o), "x");
  EXPECT_NO_THROW(brood::check_call({helper(), "exit", "0"}, o));
  EXPECT_THROW((void)brood::check_output({helper(), "exit", "1"}, o), brood::called_process_error);
  EXPECT_THROW(brood::check_call({helper(), "exit", "1"}, o), brood::called_process_error);
  try {
    (void)brood::check_output({helper(), "out", "x", "+", "exit", "9"}, o);
    ADD_FAILURE() << "no error";
  } catch (const brood::called_process_error& e) {
    EXPECT_EQ(e.result()->out, "x");
  }
  o.ok_codes = {9};
  EXPECT_NO_THROW(brood::check_call({helper(), "exit", "9"}, o));
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

}  // namespace
