// One command from start to end: status, streams, identity and limits, under each containment.
// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <stdexcept>

#include <gtest/gtest.h>

#include <brood/brood.hpp>

#include "support/clean.hpp"
#include "support/files.hpp"
#include "support/helper.hpp"
#include "support/pattern.hpp"

namespace {

using namespace std::chrono_literals;
using brood::containment;
using support::helper;

class Command : public support::os_test, public ::testing::WithParamInterface<containment> {
 protected:
  brood::options with() const { return {.contain = GetParam()}; }
  brood::options captured() const { return {.capture_output = true, .contain = GetParam()}; }
};

INSTANTIATE_TEST_SUITE_P(All, Command,
                         ::testing::Values(containment::process, containment::group,
                                           containment::tree, containment::sealed),
                         [](const auto& i) { return std::string(brood::to_string(i.param)); });

TEST_P(Command, StatusAndBothStreamsComeBackApart) {
  const auto r = brood::run({helper(), "out", "a", "+", "err", "b", "+", "exit", "3"}, captured());
  EXPECT_EQ(r.status.code(), 3);
  EXPECT_EQ(r.status.signal(), std::nullopt);
  EXPECT_EQ(r.returncode(), 3);
  EXPECT_EQ(r.out, "a");
  EXPECT_EQ(r.err, "b");
  EXPECT_TRUE(r.complete);
  EXPECT_FALSE(r.success());
  EXPECT_EQ(r.reason, brood::reason::exited);
  EXPECT_EQ(r.containment, GetParam());
  EXPECT_GT(r.pid, 0);
  EXPECT_GT(r.usage.wall.count(), 0);
}

TEST_P(Command, ASignalIsNotACode) {
  const auto r = brood::run({helper(), "kill-self", "TERM"}, with());
  EXPECT_EQ(r.status.signal(), SIGTERM);
  EXPECT_EQ(r.status.code(), std::nullopt);
  EXPECT_EQ(r.returncode(), -SIGTERM);
  EXPECT_EQ(r.reason, brood::reason::signaled);
  EXPECT_EQ(brood::run({helper(), "abort"}, with()).status.signal(), SIGABRT);
}

TEST_P(Command, MergedStreamsKeepTheirOrder) {
  auto o = with();
  o.out = brood::PIPE;
  o.err = brood::STDOUT;
  const auto r = brood::run({helper(), "out", "a", "+", "err", "b", "+", "out", "c"}, o);
  EXPECT_EQ(r.out, "abc");
  EXPECT_EQ(r.err, "");
}

TEST_P(Command, LargeInputGoesThroughAndBackUnchanged) {
  const std::string bytes = support::pattern_bytes(8 << 20, 7);
  auto o = captured();
  o.input = bytes;
  EXPECT_EQ(brood::run({helper(), "cat"}, o).out, bytes);
  EXPECT_EQ(brood::run({helper(), "sum"}, o).out, support::sum_line(bytes));
}

TEST_P(Command, ACommandThatStopsReadingIsNoError) {
  auto o = captured();
  o.input = std::string(1 << 20, 'x');
  const auto r = brood::run({helper(), "cat-n", "10", "+", "exit", "0"}, o);
  EXPECT_TRUE(r.success());
  EXPECT_EQ(r.out.size(), 10U);
}

TEST_P(Command, FilesAreReadWrittenAndAppended) {
  support::write_file(path("in"), "from a file", 0644);
  auto o = with();
  o.in = brood::file(path("in"));
  o.out = brood::file(path("out"));
  EXPECT_TRUE(brood::run({helper(), "cat"}, o).success());
  o.out = brood::file(path("out"), "a");
  EXPECT_TRUE(brood::run({helper(), "cat"}, o).success());
  EXPECT_EQ(support::read_file(path("out")), "from a filefrom a file");
  o.out = brood::file(path("out"), "x");
  const auto r = brood::try_run({helper(), "cat"}, o);
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().stage(), brood::error_stage::open);
}

TEST_P(Command, TeeCollectsAndWrites) {
  auto o = with();
  o.out = brood::tee(brood::PIPE, brood::file(path("log")));
  const auto r = brood::run({helper(), "spam-lines", "1000"}, o);
  EXPECT_EQ(r.out.size(), 8890U);
  EXPECT_TRUE(r.out == support::read_file(path("log")));
}

TEST_P(Command, EnvironmentIsADifference) {
  auto o = captured();
  o.env = brood::environment::inherit().set("BROOD_A", "1").unset("HOME");
  EXPECT_EQ(brood::run({helper(), "env", "BROOD_A", "HOME"}, o).out, "BROOD_A=1\nHOME unset\n");
  o.env = brood::environment::empty().set("ONLY", "x=y");
  EXPECT_EQ(brood::run({helper(), "env"}, o).out, "ONLY=x=y\n");
}

TEST_P(Command, RunsWhereAndAsWhatItWasTold) {
  auto o = captured();
  o.cwd = dir();
  o.umask = 027U;
  o.nice = 3;
  const auto r = brood::run({helper(), "cwd", "+", "umask", "+", "nice"}, o);
  EXPECT_EQ(r.out, dir() + "\n0027\n" + std::to_string(::nice(0) + 3) + "\n");
}

TEST_P(Command, ArgumentsAreBytes) {
  const auto r = brood::run({helper(), "args", "", " a b ", "*", "\xff\n'\""}, captured());
  EXPECT_EQ(r.out, "0:" + helper() + "\n1:\n2: a b \n3:*\n4:\xff\n'\"\n");
}

TEST_P(Command, DescriptorsAreClosedPassedAndMapped) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);  // inheritable on purpose
  auto o = captured();
  o.in = brood::DEVNULL;
  const auto count = [](const std::string& text) {
    return std::count(text.begin(), text.end(), '\n');
  };
  EXPECT_EQ(count(brood::run({helper(), "list-fds"}, o).out), 3);
  o.pass_fds = {ends[0]};
  EXPECT_EQ(count(brood::run({helper(), "list-fds"}, o).out), 4);
  o.pass_fds = {};
  o.map_fds = {{ends[1], 42}, {ends[0], 43}};
  const auto r = brood::run({helper(), "fd-write", "42", "hi"}, o);
  EXPECT_TRUE(r.success());
  char text[3] = {};
  EXPECT_EQ(::read(ends[0], text, 2), 2);
  EXPECT_STREQ(text, "hi");
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST_P(Command, SignalsStartFresh) {
  sigset_t usr1;
  sigemptyset(&usr1);
  sigaddset(&usr1, SIGUSR1);
  sigset_t old;
  ::pthread_sigmask(SIG_BLOCK, &usr1, &old);
  struct sigaction ignore {};
  struct sigaction before {};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &ignore, &before);
  const auto r = brood::run({helper(), "signals"}, captured());
  ::sigaction(SIGPIPE, &before, nullptr);
  ::pthread_sigmask(SIG_SETMASK, &old, nullptr);
  EXPECT_NE(r.out.find("blocked\n"), std::string::npos) << r.out;
  EXPECT_EQ(r.out.find(" 13"), std::string::npos) << r.out;
}

TEST_P(Command, ATimeoutKeepsWhatCameAndEndsTheIgnorant) {
  auto o = captured();
  o.timeout = 200ms;
  o.stop = {{SIGTERM, 50ms}, {SIGKILL}};
  try {
    (void)brood::run({helper(), "ignore", "TERM", "+", "out", "early", "+", "pause"}, o);
    FAIL() << "no timeout";
  } catch (const brood::timeout_expired& e) {
    ASSERT_NE(e.result(), nullptr);
    EXPECT_EQ(e.result()->out, "early");
    EXPECT_EQ(e.result()->reason, brood::reason::timed_out);
    EXPECT_EQ(e.result()->status.signal(), SIGKILL);
  }
}

TEST_P(Command, SilenceIsATimeoutOfItsOwn) {
  auto o = captured();
  o.idle_timeout = 100ms;
  const auto r = brood::try_run({helper(), "drip", "3", "10", "x", "+", "pause"}, o);
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().result()->reason, brood::reason::idle_timed_out);
  EXPECT_EQ(r.error().result()->out, "xxx");
}

TEST_P(Command, AGrandchildOnThePipeDoesNotHangACallWithADeadline) {
  auto o = captured();
  o.timeout = 300ms;
  const auto r = brood::run({helper(), "hold-pipe", "20", "+", "exit", "0"}, o);
  EXPECT_EQ(r.reason, brood::reason::exited);  // it exited in time
  EXPECT_TRUE(r.success());
  EXPECT_FALSE(r.complete);
  EXPECT_FALSE(r.out.empty());
  if (GetParam() != containment::sealed) {
    support::kill_pid(std::stoi(r.out));
    support::wait_gone(std::stoi(r.out), support::patience);
  }
}

TEST_P(Command, OutputLimitsStopOrTrim) {
  using brood::overflow;
  auto o = captured();
  o.max_output = 1000;
  auto r = brood::run({helper(), "spam", "8M"}, o);
  EXPECT_EQ(r.reason, brood::reason::output_limit);
  EXPECT_EQ(r.out.size(), 1000U);
  for (const overflow policy :
       {overflow::keep_head, overflow::keep_tail, overflow::keep_head_tail}) {
    o.max_output = {1000, policy};
    r = brood::run({helper(), "spam-lines", "5000"}, o);
    EXPECT_TRUE(r.success());
    EXPECT_EQ(r.out.size(), 1000U);
    EXPECT_EQ(r.out_omitted, 48890U - 1000U);
    EXPECT_EQ(r.out.starts_with("line 0\n"), policy != overflow::keep_tail);
    EXPECT_EQ(r.out.ends_with("line 4999\n"), policy != overflow::keep_head);
  }
  o.max_output = {1000, overflow::spill, path("spilled")};
  r = brood::run({helper(), "spam", "1M"}, o);
  EXPECT_EQ(r.out.size(), 1000U);
  EXPECT_EQ(support::read_file(path("spilled")).size(), std::size_t{1} << 20);
}

TEST_P(Command, LimitsSayWhyItEnded) {
  auto o = with();
  o.limits.cpu_time = 1s;
  EXPECT_EQ(brood::run({helper(), "burn-cpu", "20"}, o).reason, brood::reason::cpu_limit);
  o.limits = {.file_size = 1000};
  EXPECT_EQ(brood::run({helper(), "write-file", path("f"), "1M"}, o).reason,
            brood::reason::file_size_limit);
  o = captured();
  o.limits = {.open_files = 10};
  EXPECT_LT(std::stoi(brood::run({helper(), "open-files", "20"}, o).out), 10);
}

TEST_P(Command, LinesComeLiveAndAnExceptionStopsTheCommand) {
  std::vector<std::string> lines;
  auto o = with();
  o.on_line = [&](brood::output_stream, std::string_view line) { lines.emplace_back(line); };
  EXPECT_TRUE(brood::run({helper(), "out", "a\\nb\\n\\nc"}, o).success());
  EXPECT_EQ(lines, (std::vector<std::string>{"a", "b", "", "c"}));
  o.on_line = [](brood::output_stream, std::string_view) { throw std::runtime_error("mine"); };
  EXPECT_THROW((void)brood::run({helper(), "out", "a\\n", "+", "pause"}, o), std::runtime_error);
}

TEST_P(Command, TextIsDecodedAcrossPieces) {
  auto o = captured();
  o.text = true;
  EXPECT_EQ(brood::run({helper(), "out", "a\\r\\nb\\rc"}, o).out, "a\nb\nc");
  o.encoding = "ISO-8859-1";
  EXPECT_EQ(brood::run({helper(), "out", "caf\\xe9"}, o).out, "caf\xc3\xa9");
  o.encoding = "UTF-8";
  const auto r = brood::try_run({helper(), "out", "\\xff"}, o);
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().kind(), brood::error_kind::bad_data);
  o.errors = brood::text_errors::backslashreplace;
  EXPECT_EQ(brood::run({helper(), "out", "a\\xffb"}, o).out, "a\\xffb");
}

TEST_P(Command, UnderAnotherUserItHasThatUsersGroupsOnly) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  auto o = captured();
  o.user = 65534;
  o.cwd = "/";
  const auto r = brood::run({helper(), "ids"}, o);
  EXPECT_NE(r.out.find("uid 65534\n"), std::string::npos) << r.out;
  EXPECT_EQ(r.out.find("group 0\n"), std::string::npos) << r.out;
}

TEST_P(Command, CheckedFailuresCarryTheResult) {
  auto o = with();
  EXPECT_EQ(brood::check_output({helper(), "out", "x"}, o), "x");
  try {
    (void)brood::check_output({helper(), "out", "x", "+", "exit", "9"}, o);
    FAIL();
  } catch (const brood::called_process_error& e) {
    EXPECT_EQ(e.result()->out, "x");
    EXPECT_EQ(e.result()->status.code(), 9);
  }
  o.ok_codes = {9};
  brood::check_call({helper(), "exit", "9"}, o);
}

}  // namespace
