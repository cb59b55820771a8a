// Sealed jobs of a pool: they take turns under its guardians, and must not notice.
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <brood/brood.hpp>

#include "support/clean.hpp"
#include "support/files.hpp"
#include "support/helper.hpp"

namespace {

using namespace std::chrono_literals;
using brood::command;
using brood::containment;
using brood::options;
using brood::pool;
using brood::reason;
using support::helper;

class SealedPool : public support::os_test {
 protected:
  brood::completed_process result_of(std::vector<std::string> chain, options o = {}) {
    chain.insert(chain.begin(), helper());
    o.contain = containment::sealed;
    return pool_->submit(command(chain), std::move(o)).result();
  }
  std::string output_of(std::vector<std::string> chain, options o = {}) {
    o.out = brood::PIPE;
    const auto r = result_of(std::move(chain), std::move(o));
    EXPECT_TRUE(r.success());
    EXPECT_EQ(r.containment, containment::sealed);
    return r.out;
  }
  pid_t guardian() {
    for (const std::string& line : support::split_lines(output_of({"session"}))) {
      if (line.starts_with("ppid ")) return std::atoi(line.c_str() + 5);
    }
    return -1;
  }

  void SetUp() override {
    support::os_test::SetUp();
    pool_.emplace(brood::pool_options{.max_workers = 1});
  }
  void TearDown() override {
    pool_.reset();
    support::os_test::TearDown();
  }

  std::optional<pool> pool_;
};

TEST_F(SealedPool, OneGuardianServesOneCommandAfterAnother) {
  const pid_t first = guardian();
  EXPECT_GT(first, 1);
  EXPECT_NE(first, getpid());
  for (int i = 0; i < 5; ++i) EXPECT_EQ(guardian(), first);
}

TEST_F(SealedPool, AnExpectedGuardianServesTheFirstJob) {
  pool_.emplace(brood::pool_options{.max_workers = 1, .prestart_guardian = true});
  pid_t early = -1;
  support::poll_until(support::patience, [&] {
    for (const auto& [pid, name] : support::snapshot::take().children) {
      if (name.find("brood-guardian") != name.npos) early = pid;
    }
    return early > 0;
  });
  EXPECT_GT(early, 1);
  EXPECT_EQ(guardian(), early);
}

TEST_F(SealedPool, AGuardianThatNobodyNeedsEndsWithThePool) {
  pool(
      {.max_workers = 1, .prestart_guardian = true});  // what is left of it, the fixture would find
}

TEST_F(SealedPool, AsManyGuardiansAsRunAtOnce) {
  pool wide({.max_workers = 3});
  for (int i = 0; i < 30; ++i) {
    wide.submit({helper(), "ready", path("guardians")}, {.contain = containment::sealed});
  }
  wide.wait();
  EXPECT_EQ(support::lines_of(path("guardians")).size(), 30U);
  EXPECT_EQ(wide.count().failed, 0U);
  std::size_t guardians = 0;
  for (const auto& [pid, name] : support::snapshot::take().children) guardians += pid > 0;
  EXPECT_LE(guardians, 3U);
}

TEST_F(SealedPool, TheNextCommandHasTheUmaskAndTheIgnoredSignalsOfThatMoment) {
  (void)guardian();
  const mode_t before = ::umask(077);
  struct sigaction action {};
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  ASSERT_EQ(::sigaction(SIGUSR1, &ignore, &action), 0);
  EXPECT_EQ(output_of({"umask"}), "0077\n");
  EXPECT_NE(output_of({"signals"}).find("ignored " + std::to_string(SIGUSR1)), std::string::npos);
  ::sigaction(SIGUSR1, &action, nullptr);
  ::umask(before);
  EXPECT_EQ(output_of({"umask"}), brood::run({helper(), "umask"}, {.out = brood::PIPE}).out);
}

TEST_F(SealedPool, NothingOfOneCommandReachesTheNext) {
  const pid_t first = guardian();
  options all;
  all.in = brood::PIPE;
  all.input = "word";
  all.cwd = "/";
  all.umask = 0;
  all.new_session = true;
  all.limits.open_files = 30;
  all.env = brood::environment::inherit().set("ONLY_HERE", "1");
  EXPECT_EQ(output_of({"cat"}, all), "word");
  EXPECT_EQ(guardian(), first);
  EXPECT_EQ(output_of({"cwd"}), dir() + "\n");
  EXPECT_EQ(output_of({"env", "ONLY_HERE"}),
            brood::run({helper(), "env", "ONLY_HERE"}, {.out = brood::PIPE}).out);
  for (const char* verb : {"umask", "limits", "signals", "list-fds", "nice", "ids"}) {
    const auto alone = brood::run({helper(), verb}, {.out = brood::PIPE});
    std::string a = alone.out;
    std::string b = output_of({verb});
    if (std::string(verb) == "list-fds") {  // but for the number of the pipe
      a = a.substr(0, a.find("pipe:")) + a.substr(a.find(']'));
      b = b.substr(0, b.find("pipe:")) + b.substr(b.find(']'));
    }
    EXPECT_EQ(b, a) << verb;
  }
}

TEST_F(SealedPool, WhatTheHostChangesMeanwhileIsInherited) {
  const pid_t first = guardian();
  ASSERT_EQ(mkdir("below", 0755), 0);
  ASSERT_EQ(chdir("below"), 0);
  EXPECT_EQ(output_of({"cwd"}), path("below\n"));
  EXPECT_NE(guardian(), first);
  ASSERT_EQ(chdir(".."), 0);

  rlimit before{};
  ASSERT_EQ(getrlimit(RLIMIT_CORE, &before), 0);
  ASSERT_EQ(result_of({"exit", "0"}).status.code(), 0);
  rlimit files{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &files), 0);
  const rlimit lower{files.rlim_cur - 1, files.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &lower), 0);
  const std::string now = output_of({"limits"});
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &files), 0);
  EXPECT_NE(now.find("nofile " + std::to_string(files.rlim_cur - 1) + " "), std::string::npos);
}

TEST_F(SealedPool, DescriptorsArriveUnderTheirNumbers) {
  const pid_t first = guardian();
  support::write_file(path("a"), "A");
  support::write_file(path("b"), "B");
  const int a = open(path("a").c_str(), O_RDONLY | O_CLOEXEC);
  const int b = open(path("b").c_str(), O_RDONLY | O_CLOEXEC);
  ASSERT_GE(a, 0);
  ASSERT_GE(b, 0);
  options passed;
  passed.pass_fds = {a};
  EXPECT_EQ(output_of({"fd-read", std::to_string(a)}, passed), "A");
  options swapped;  // a cycle of moves: under a guardian of its own
  swapped.map_fds = {{a, b}, {b, a}};
  EXPECT_EQ(output_of({"fd-read", std::to_string(a)}, swapped), "B");
  ASSERT_EQ(lseek(a, 0, SEEK_SET), 0);  // whoever read them shares the position with us
  ASSERT_EQ(lseek(b, 0, SEEK_SET), 0);
  options mapped;
  mapped.map_fds = {{b, 3}, {a, 7}, {a, 100}};
  EXPECT_EQ(output_of({"fd-read", "3", "+", "fd-read", "7"}, mapped), "BA");
  EXPECT_EQ(guardian(), first);
  close(a);
  close(b);
}

TEST_F(SealedPool, BothStreamsInOnePlaceAndNoInput) {
  options o;
  o.in = brood::DEVNULL;
  o.err = brood::STDOUT;
  EXPECT_EQ(output_of({"out", "1", "+", "err", "2", "+", "out", "3"}, o), "123");
  const auto apart = result_of({"out", "1", "+", "err", "2"}, {.capture_output = true});
  EXPECT_EQ(apart.out, "1");
  EXPECT_EQ(apart.err, "2");
}

TEST_F(SealedPool, WhatACommandLeavesBehindIsStopped) {
  EXPECT_TRUE(result_of({"daemonise", "pause", "+", "setsid-bg", "ignore", "TERM", ",", "pause"},
                        {.stop = {{SIGTERM, 10ms}, {SIGKILL}}})
                  .success());
  EXPECT_TRUE(support::survivors().empty());
  EXPECT_GT(guardian(), 1);
}

TEST_F(SealedPool, AStopReachesTheTreeOfItsCommandAlone) {
  pool wide({.max_workers = 2});
  ASSERT_TRUE(
      wide.submit({helper(), "exit", "0"}, {.contain = containment::sealed}).result().success());
  const auto one =
      wide.submit({helper(), "daemonise", "pause", "+", "ready", path("up"), "+", "pause"},
                  {.contain = containment::sealed});
  const auto two = wide.submit(
      {helper(), "ready", path("up"), "+", "read-input-line"},
      {.in = brood::PIPE, .input = "go\n", .out = brood::PIPE, .contain = containment::sealed});
  ASSERT_EQ(support::wait_for_file_line_count(path("up"), 2).size(), 2U);
  one.cancel();
  EXPECT_EQ(one.result().reason, reason::cancelled);
  EXPECT_EQ(two.result().out, "got: go\n");
  const auto late =
      wide.submit({helper(), "pause"}, {.timeout = 10ms, .contain = containment::sealed});
  EXPECT_EQ(late.try_result().error().kind(), brood::error_kind::timed_out);
  EXPECT_TRUE(
      wide.submit({helper(), "exit", "0"}, {.contain = containment::sealed}).result().success());
}

TEST_F(SealedPool, AGuardianThatWasKilledWhileItWaitedIsNotMissed) {
  const pid_t first = guardian();
  support::kill_pid(first);
  ASSERT_TRUE(support::wait_gone(first));
  const pid_t second = guardian();
  EXPECT_GT(second, 1);
  EXPECT_NE(second, first);
}

TEST_F(SealedPool, AProgramThatIsMissingDisturbsNobody) {
  const auto missing = pool_->submit({"/no/such/program"}, {.contain = containment::sealed});
  ASSERT_FALSE(missing.try_result());
  EXPECT_EQ(missing.try_result().error().kind(), brood::error_kind::not_found);
  const pid_t first = guardian();
  EXPECT_FALSE(pool_->submit({"/no/such/program"}, {.contain = containment::sealed}).try_result());
  EXPECT_GT(guardian(), 1);
  EXPECT_GT(first, 1);
}

TEST_F(SealedPool, AClosedStreamOfTheHostStaysClosed) {
  const int kept = fcntl(0, F_DUPFD_CLOEXEC, 3);
  close(0);
  const std::string fresh = output_of({"list-fds"});
  const std::string again = output_of({"list-fds"});
  ASSERT_EQ(dup2(kept, 0), 0);
  close(kept);
  EXPECT_FALSE(fresh.starts_with("0 ")) << fresh;
  EXPECT_FALSE(again.starts_with("0 ")) << again;
  EXPECT_TRUE(output_of({"list-fds"}).starts_with("0 "));
}

}  // namespace
