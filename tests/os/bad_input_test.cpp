// Each kind of bad input by name: one clear error, of the right kind, and nothing left behind.
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <brood/brood.hpp>

#include "support/clean.hpp"
#include "support/files.hpp"
#include "support/helper.hpp"
#include "support/temp_pipe.hpp"

namespace {

using namespace std::chrono_literals;
using brood::error_kind;
using brood::options;
using support::helper;

constexpr brood::containment levels[] = {brood::containment::process, brood::containment::group,
                                         brood::containment::tree, brood::containment::sealed};

class BadInput : public support::os_test {
 protected:
  static void refused(const brood::command& c, const options& o, error_kind kind,
                      const std::string& text) {
    const auto ran = brood::try_run(c, o);
    ASSERT_FALSE(ran) << text;
    expect_error(ran.error(), kind, text);
    const auto spawned = brood::try_spawn(c, o);
    ASSERT_FALSE(spawned) << text;
    expect_error(spawned.error(), kind, text);
    if (kind == error_kind::bad_request) {
      EXPECT_THROW((void)brood::run(c, o), brood::usage_error);
    } else {
      EXPECT_THROW((void)brood::run(c, o), brood::spawn_error);
    }
  }
  static void wrong(const options& o, const std::string& text) {
    refused({helper(), "exit", "0"}, o, error_kind::bad_request, text);
  }

 private:
  static void expect_error(const brood::error& e, error_kind kind, const std::string& text) {
    EXPECT_EQ(brood::to_string(e.kind()), brood::to_string(kind)) << e.what();
    EXPECT_NE(std::string(e.what()).find(text), std::string::npos) << e.what();
    EXPECT_EQ(std::string(e.what()).find('\n'), std::string::npos) << e.what();
    EXPECT_EQ(e.result(), nullptr);
  }
};

TEST_F(BadInput, AnEmptyCommand) { refused({}, {}, error_kind::bad_request, "it is empty"); }

TEST_F(BadInput, AnEmptyProgramName) {
  refused({""}, {}, error_kind::bad_request, "name is empty");
}

TEST_F(BadInput, NulInAnArgument) {
  const std::string nul("a\0b", 3);
  refused({helper(), "echo", nul}, {}, error_kind::bad_request, "argument 2");
}

TEST_F(BadInput, NulInTheWorkingDirectory) { wrong({.cwd = std::string("/\0", 2)}, "cwd"); }

TEST_F(BadInput, NulInTheExecutable) {
  wrong({.executable = std::string("/bin/sh\0", 8)}, "executable");
}

TEST_F(BadInput, NulInAnEnvironmentValue) {
  wrong({.env = brood::environment().set("A", std::string("x\0y", 3))}, "value of A has a NUL");
}

TEST_F(BadInput, NulInAnEnvironmentName) {
  wrong({.env = brood::environment().set(std::string("x\0y", 3), "1")}, "name has a NUL");
}

TEST_F(BadInput, EqualsSignInAnEnvironmentName) {
  wrong({.env = brood::environment().set("A=B", "1")}, "'A=B' has a '='");
  wrong({.env = brood::environment::empty().pass("A=B")}, "'A=B' has a '='");
  wrong({.env = brood::environment().unset("A=B")}, "'A=B' has a '='");
}

TEST_F(BadInput, EmptyEnvironmentName) {
  wrong({.env = brood::environment().set("", "1")}, "name is empty");
}

TEST_F(BadInput, ProgramMissingFromThePath) {
  // Not the caller's PATH, which may have a directory that must not be searched.
  const options o{.env = brood::environment().set("PATH", "/usr/bin:/bin")};
  refused({"brood-no-such-program"}, o, error_kind::not_found,
          "exec 'brood-no-such-program': No such file or directory");
}

TEST_F(BadInput, ProgramMissingAtItsPath) {
  refused({path("gone")}, {}, error_kind::not_found, path("gone"));
}

TEST_F(BadInput, ProgramMissingInASymbolicLinkLoop) {
  ASSERT_EQ(symlink("loop", path("loop").c_str()), 0);
  const auto r = brood::try_run({path("loop")});
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().code().value(), ELOOP);
}

TEST_F(BadInput, ProgramIsADirectory) {
  refused({dir()}, {}, error_kind::denied, "Is a directory");
}

TEST_F(BadInput, ProgramIsNotExecutable) {
  support::write_file(path("plain"), "text\n", 0644);
  refused({path("plain")}, {}, error_kind::denied, "Permission denied");
}

TEST_F(BadInput, ProgramIsNoProgram) {
  support::write_file(path("junk"), "\x01\x02", 0755);
  refused({path("junk")}, {}, error_kind::denied, "Exec format error");
}

// The guardian, which starts the command there, says it as exactly.
TEST_F(BadInput, OfAProgramUnderEachContainment) {
  support::write_file(path("plain"), "text\n", 0644);
  support::write_file(path("script"), "#!/no/such/interpreter\n", 0755);
  for (const auto contain : levels) {
    const options o{.contain = contain};
    refused({path("gone")}, o, error_kind::not_found, "exec '" + path("gone") + "': No such file");
    refused({dir()}, o, error_kind::denied, "exec '" + dir() + "': Is a directory");
    refused({path("plain")}, o, error_kind::denied, "Permission denied");
    refused({path("script")}, o, error_kind::not_found, "interpreter");
    refused({helper()}, {.cwd = path("gone"), .contain = contain}, error_kind::not_found,
            "chdir '");
  }
}

TEST_F(BadInput, ProgramHasABadInterpreter) {
  support::write_file(path("script"), "#!/no/such/interpreter\n", 0755);
  refused({path("script")}, {}, error_kind::not_found, "interpreter");
}

TEST_F(BadInput, WorkingDirectoryIsMissing) {
  refused({helper(), "exit", "0"}, {.cwd = path("gone")}, error_kind::not_found,
          "chdir '" + path("gone") + "': No such file or directory");
}

TEST_F(BadInput, WorkingDirectoryIsAFile) {
  support::write_file(path("file"), "");
  const auto r = brood::try_run({helper(), "exit", "0"}, {.cwd = path("file")});
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().stage(), brood::error_stage::chdir);
  EXPECT_EQ(r.error().code().value(), ENOTDIR);
}

TEST_F(BadInput, UnknownUser) {
  const auto r = brood::try_run({helper(), "exit", "0"}, {.user = "no-such-user-here"});
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().kind(), error_kind::not_found) << r.error().what();
  EXPECT_NE(std::string(r.error().what()).find("'no-such-user-here': there is no such user"),
            std::string::npos)
      << r.error().what();
}

TEST_F(BadInput, UnknownGroup) {
  const auto r = brood::try_run({helper(), "exit", "0"}, {.group = "no-such-group-here"});
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().kind(), error_kind::not_found) << r.error().what();
  EXPECT_NE(std::string(r.error().what()).find("'no-such-group-here': there is no such group"),
            std::string::npos)
      << r.error().what();
}

TEST_F(BadInput, AProcessGroupInANewSession) {
  wrong({.new_session = true, .process_group = 0}, "contradicts new_session");
}

TEST_F(BadInput, NegativeUser) { wrong({.user = -1}, "-1 is not an id"); }

TEST_F(BadInput, AnotherUserWithoutPrivilege) {
  if (geteuid() == 0) GTEST_SKIP() << "root may become anybody";
  refused({helper(), "exit", "0"}, {.user = 0}, error_kind::denied, "Operation not permitted");
}

TEST_F(BadInput, UnknownEncoding) {
  wrong({.encoding = "no-such-encoding"}, "'no-such-encoding' is not known");
}

TEST_F(BadInput, InvalidSignalInTheLadder) {
  wrong({.stop = {{0, 1s}}}, "0 is not a signal");
  wrong({.stop = {{-9, 1s}}}, "-9 is not a signal");
  wrong({.stop = {{15, 1s}, {99, 1s}}}, "99 is not a signal");
}

TEST_F(BadInput, InvalidGraceInTheLadder) {
  wrong({.stop = {{15, -1s}, {9, {}}}}, "must not be negative");
}

TEST_F(BadInput, AnEmptyLadder) { wrong({.stop = {}}, "at least one step"); }

TEST_F(BadInput, InvalidSignalToSend) {
  auto p = brood::spawn({helper(), "pause"});
  EXPECT_THROW(p.send_signal(99), brood::usage_error);
  EXPECT_THROW(p.send_signal(-1), brood::usage_error);
  EXPECT_FALSE(p.poll());
}

TEST_F(BadInput, ALimitAboveTheHardLimit) {
  rlimit hard{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &hard), 0);
  if (hard.rlim_max == RLIM_INFINITY) GTEST_SKIP() << "there is no hard limit";
  const std::uint64_t more = hard.rlim_max + 1;
  wrong({.limits = {.open_files = more}}, "limits.open_files");
  wrong({.limits = {.open_files = more}}, "above the hard limit");
  const auto r =
      brood::run({helper(), "exit", "0"}, {.limits = {.open_files = more}, .best_effort = true});
  EXPECT_TRUE(r.success());
  ASSERT_EQ(r.degraded.size(), 1U);
  EXPECT_NE(r.degraded[0].find("open_files"), std::string::npos);
}

TEST_F(BadInput, ADescriptorThatIsNotOpen) {
  wrong({.in = brood::fd(987)}, "descriptor 987 is not open");
  wrong({.out = brood::fd(987)}, "descriptor 987 is not open");
  wrong({.err = brood::fd(-1)}, "descriptor -1 is not open");
  wrong({.out = brood::tee(brood::PIPE, brood::fd(987))}, "descriptor 987 is not open");
  wrong({.pass_fds = {987}}, "descriptor 987 is not open");
  wrong({.map_fds = {{987, 5}}}, "descriptor 987 is not open");
}

TEST_F(BadInput, ADescriptorMappedTwice) {
  const support::temp_pipe pipe;
  const int from = pipe.read_end();
  wrong({.map_fds = {{from, 100}, {pipe.write_end(), 100}}}, "mapped twice");
  wrong({.map_fds = {{from, 1}}}, "set by in, out and err");
  wrong({.map_fds = {{from, -1}}}, "map_fds");
}

TEST_F(BadInput, InputAlthoughStdinIsAFile) {
  support::write_file(path("file"), "text");
  wrong({.in = brood::file(path("file")), .input = "x"}, "in and input contradict");
  wrong({.in = brood::DEVNULL, .input = "x"}, "in and input contradict");
}

TEST_F(BadInput, CaptureAlthoughStdoutIsAFile) {
  wrong({.out = brood::file(path("file")), .capture_output = true}, "contradicts out");
  wrong({.out = brood::DEVNULL, .capture_output = true}, "contradicts out");
  EXPECT_NE(access(path("file").c_str(), F_OK), 0) << "a refused call made its file";
}

TEST_F(BadInput, ANegativeTimeout) {
  wrong({.timeout = -1ns}, "timeout");
  wrong({.timeout = -1s}, "must not be negative");
}

TEST_F(BadInput, AZeroTimeout) { wrong({.timeout = 0s}, "must be more than 0"); }

TEST_F(BadInput, AHugeTimeout) {
  wrong({.timeout = std::chrono::hours::max()}, "292 years");
  const double infinity = std::numeric_limits<double>::infinity();
  wrong({.timeout = std::chrono::duration<double>(infinity)}, "292 years");
}

TEST_F(BadInput, ATimeoutThatIsNotANumber) {
  wrong({.timeout = std::chrono::duration<double>(std::nan(""))}, "not a number");
}

TEST_F(BadInput, AnIdleTimeoutWithoutAPipe) { wrong({.idle_timeout = 1s}, "needs PIPE"); }

TEST_F(BadInput, MergeOnStdout) { wrong({.out = brood::STDOUT}, "STDOUT is for err alone"); }

TEST_F(BadInput, MergeOnStdin) { wrong({.in = brood::STDOUT}, "STDOUT is for err alone"); }

TEST_F(BadInput, MaxOutputZero) { wrong({.max_output = 0}, "must be more than 0"); }

TEST_F(BadInput, SpillWithoutAPath) {
  wrong({.max_output = {10, brood::overflow::spill}}, "spill needs the path");
}

TEST_F(BadInput, AnUnknownFileMode) {
  wrong({.out = brood::file(path("f"), "rw")}, "'rw' is no mode");
  wrong({.out = brood::file(path("f"), "r")}, "cannot be written");
  wrong({.in = brood::file(path("f"), "w")}, "can only be read");
}

TEST_F(BadInput, ARedirectThatCannotBeOpened) {
  refused({helper(), "exit", "0"}, {.in = brood::file(path("gone"))}, error_kind::not_found,
          "open '" + path("gone") + "'");
  refused({helper(), "exit", "0"}, {.out = brood::file(path("no/where"))}, error_kind::not_found,
          "open '" + path("no/where") + "'");
}

TEST_F(BadInput, AFullDeviceIsTheChildsMatter) {
  const auto r =
      brood::run({helper(), "out", "x"}, {.out = brood::file("/dev/full"), .err = brood::PIPE});
  EXPECT_EQ(r.reason, brood::reason::exited);
  EXPECT_EQ(r.status.code(), 120);
  EXPECT_NE(r.err.find("No space left on device"), std::string::npos) << r.err;
}

TEST_F(BadInput, UmaskNiceAndExitCodesOutOfRange) {
  wrong({.umask = 01000U}, "umask");
  wrong({.nice = 40}, "nice");
  wrong({.ok_codes = {256}}, "ok_codes");
}

TEST_F(BadInput, AnUnclosedQuoteInACommandLine) {
  EXPECT_THROW((void)brood::parse("echo 'a"), brood::usage_error);
  EXPECT_THROW((void)brood::parse("  "), brood::usage_error);
}

// How many more descriptors this process may open.
int count_free_descriptors() {
  std::vector<int> taken;
  for (int fd = dup(0); fd >= 0; fd = dup(0)) taken.push_back(fd);
  for (const int fd : taken) close(fd);
  return static_cast<int>(taken.size());
}

// In a forked process that may open `spare` more descriptors: 1 if the call was refused as busy,
// 0 if it went well, more than that if it did anything else or left something.
int with_spare_descriptors(int spare, brood::containment contain) {
  rlimit few{64, 64};
  if (setrlimit(RLIMIT_NOFILE, &few) != 0) return 2;
  for (int extra = count_free_descriptors() - spare; extra > 0; --extra) {
    if (dup(0) < 0) return 2;
  }
  const auto r = brood::try_run({helper(), "out", "x"},
                                {.capture_output = true, .timeout = 60s, .contain = contain});
  if (r && r->out != "x") return 3;
  if (!r && r.error().kind() != brood::error_kind::busy) return 4;
  if (!r && r.error().code().value() != EMFILE) return 5;
  if (waitpid(-1, nullptr, WNOHANG) != -1 || errno != ECHILD) return 6;
  if (count_free_descriptors() != spare) return 7;
  return r ? 0 : 1;
}

TEST_F(BadInput, TooFewDescriptorsGiveAnErrorAndLeaveNothing) {
  for (const auto contain : levels) {
    bool refused_once = false;
    bool started = false;
    for (int spare = 0; spare <= 24; ++spare) {
      const pid_t child = fork();
      ASSERT_GE(child, 0);
      if (child == 0) _exit(with_spare_descriptors(spare, contain));
      int status = 0;
      ASSERT_EQ(waitpid(child, &status, 0), child);
      ASSERT_TRUE(WIFEXITED(status));
      EXPECT_LE(WEXITSTATUS(status), 1) << spare << " under " << brood::to_string(contain);
      refused_once |= WEXITSTATUS(status) == 1;
      started |= WEXITSTATUS(status) == 0;
    }
    EXPECT_TRUE(refused_once) << brood::to_string(contain);
    EXPECT_TRUE(started) << brood::to_string(contain);
  }
}

}  // namespace
