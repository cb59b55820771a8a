// Under containment::sealed nothing survives: not the death of the host, nor that of the guardian.
// SPDX-License-Identifier: Apache-2.0
#include <grp.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <chrono>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include <brood/brood.hpp>

#include "support/clean.hpp"
#include "support/files.hpp"
#include "support/helper.hpp"

namespace {

using namespace std::chrono_literals;
using brood::containment;
using support::helper;
using support::none_survive;
using support::survivors;

constexpr unsigned nobody = 65534;
constexpr int cannot_reach = 77;
constexpr std::size_t nest = 5;  // a child, one with a session, a daemon, one that ignores TERM

brood::options sealed() {
  return {.stop = {{SIGTERM, 100ms}, {SIGKILL, {}}}, .contain = containment::sealed};
}

pid_t parent_of(pid_t pid) {
  const std::string stat = support::read_file("/proc/" + std::to_string(pid) + "/stat");
  const std::size_t at = stat.rfind(')');
  return at == std::string::npos ? -1 : std::stoi(stat.substr(at + 4));
}

std::string name_of(pid_t pid) {
  return support::read_file("/proc/" + std::to_string(pid) + "/comm");
}

bool become_nobody() {
  const bool done = setgroups(0, nullptr) == 0 && setresgid(nobody, nobody, nobody) == 0 &&
                    setresuid(nobody, nobody, nobody) == 0;
  prctl(PR_SET_DUMPABLE, 1);  // as any program that a user starts
  return done;
}

// --- the host is killed
// ---------------------------------------------------------------------------

enum class at_work { in_run, in_finish, elsewhere };

class HostDeath : public support::os_test,
                  public ::testing::WithParamInterface<std::tuple<at_work, bool>> {
 protected:
  // A process that uses the library, and never comes back.
  [[noreturn]] void be_host() const {
    const auto& [where, unprivileged] = GetParam();
    if (unprivileged && (!become_nobody() || access(helper().c_str(), X_OK) != 0)) {
      _exit(cannot_reach);
    }
    const brood::command command{helper(), "leak-tree", path("pids")};
    auto o = sealed();
    o.out = brood::PIPE;
    if (where == at_work::in_run) {
      (void)brood::run(command, o);
      _exit(1);
    }
    brood::process p = brood::spawn(command, o);
    if (where == at_work::in_finish) (void)p.finish();
    for (;;) pause();
  }
};

INSTANTIATE_TEST_SUITE_P(All, HostDeath,
                         ::testing::Combine(::testing::Values(at_work::in_run, at_work::in_finish,
                                                              at_work::elsewhere),
                                            ::testing::Bool()),
                         [](const auto& i) {
                           const at_work where = std::get<0>(i.param);
                           return std::string(where == at_work::in_run      ? "InRun"
                                              : where == at_work::in_finish ? "InFinish"
                                                                            : "Elsewhere") +
                                  (std::get<1>(i.param) ? "AsNobody" : "");
                         });

TEST_P(HostDeath, EndsTheWholeTree) {
  const bool unprivileged = std::get<1>(GetParam());
  if (unprivileged && geteuid() != 0) GTEST_SKIP() << "the other case does this";
  ASSERT_EQ(chmod(dir().c_str(), 0777), 0);
  const pid_t host = fork();
  ASSERT_GE(host, 0);
  if (host == 0) be_host();
  std::vector<std::string> pids;
  int status = 0;
  const bool ready = support::poll_until(support::patience, [&] {
    pids = support::lines_of(path("pids"));
    return pids.size() >= nest || waitpid(host, &status, WNOHANG) == host;
  });
  if (WIFEXITED(status) && WEXITSTATUS(status) == cannot_reach) {
    GTEST_SKIP() << "nobody cannot reach the helper";
  }
  support::kill_pid(host);
  ASSERT_EQ(waitpid(host, &status, 0), host);
  ASSERT_TRUE(ready);
  ASSERT_EQ(pids.size(), nest);
  for (const std::string& pid : pids) EXPECT_TRUE(support::wait_gone(std::stoi(pid))) << pid;
  EXPECT_TRUE(none_survive()) << "the guardian";
}

class Leak : public support::os_test {};

// Each time a little later: before the guardian, while it starts, between it and the command, ...
TEST_F(Leak, TheHostMayDieAtAnyMoment) {
  for (long moment = 0; moment < 60; ++moment) {
    const pid_t host = fork();
    ASSERT_GE(host, 0);
    if (host == 0) {
      (void)brood::try_run({helper(), "leak-tree", path("pids")}, sealed());
      _exit(1);
    }
    const timespec later{0, moment * 150'000};
    nanosleep(&later, nullptr);
    support::kill_pid(host);
    ASSERT_EQ(waitpid(host, nullptr, 0), host);
    ASSERT_TRUE(none_survive()) << moment;
  }
}

// A process object of a host that ends without destructors.
TEST_F(Leak, AnExitWithoutDestructorsEndsTheTree) {
  const pid_t host = fork();
  ASSERT_GE(host, 0);
  if (host == 0) {
    auto o = sealed();
    o.out = brood::PIPE;
    auto p = brood::spawn({helper(), "leak-tree", path("pids")}, o);
    _exit(p.out().read_line() == "ready\n" ? 0 : 1);
  }
  int status = 0;
  ASSERT_EQ(waitpid(host, &status, 0), host);
  ASSERT_EQ(status, 0);
  EXPECT_TRUE(none_survive());
  EXPECT_EQ(support::lines_of(path("pids")).size(), nest);
}

// --- the guardian is killed
// -----------------------------------------------------------------------

class GuardianDeath : public support::os_test {
 protected:
  void SetUp() override {
    support::os_test::SetUp();
    auto o = sealed();
    o.out = brood::PIPE;
    command = brood::spawn({helper(), "leak-tree", path("pids")}, o);
    ASSERT_EQ(command.out().read_line(), "ready\n");
    guardian = parent_of(command.pid());
    ASSERT_EQ(name_of(guardian), "brood-guardian\n");
    ASSERT_EQ(parent_of(guardian), getpid());
    for (const std::string& line : support::lines_of(path("pids"))) {
      const pid_t pid = std::stoi(line);
      const bool adopted = pid != command.pid() && parent_of(pid) == guardian;
      (adopted ? daemons : descendants).push_back(pid);
    }
    ASSERT_EQ(daemons.size(), 1U);
    ASSERT_EQ(descendants.size(), nest - 1);
  }

  void TearDown() override {
    command = {};
    // What can be found below the command is gone, when the call returns. What had been adopted by
    // the guardian is out of reach.
    for (const pid_t pid : descendants) EXPECT_FALSE(support::pid_alive(pid)) << pid;
    for (const pid_t pid : daemons) {
      if (support::pid_alive(pid)) support::kill_pid(pid);
      EXPECT_TRUE(support::wait_gone(pid));
    }
    EXPECT_TRUE(none_survive());
    support::os_test::TearDown();
  }

  brood::process command;
  pid_t guardian = -1;
  std::vector<pid_t> descendants;  // with the command itself
  std::vector<pid_t> daemons;
};

TEST_F(GuardianDeath, EndsFinish) {
  support::kill_pid(guardian);
  const auto r = command.try_finish();
  ASSERT_TRUE(r) << r.error().what();
  EXPECT_EQ(r->status.signal(), SIGKILL);
  EXPECT_FALSE(r->success());
  EXPECT_FALSE(r->complete) << "the daemon holds the pipe";
}

TEST_F(GuardianDeath, EndsWait) {
  support::kill_pid(guardian);
  EXPECT_EQ(command.wait().signal(), SIGKILL);
}

TEST_F(GuardianDeath, DoesNotKeepAStopFromItsWork) {
  support::kill_pid(guardian);
  // Where the kernel tells how it ended (Linux 6.15, once process 1 has reaped it), it was by the
  // first step of the stop; else it is known that it was killed.
  const std::optional<int> signal = command.stop().signal();
  EXPECT_TRUE(signal == SIGTERM || signal == SIGKILL) << signal.value_or(0);
}

TEST_F(GuardianDeath, DoesNotKeepSignalsFromBeingHarmless) {
  support::kill_pid(guardian);
  ASSERT_TRUE(support::wait_gone(guardian));
  EXPECT_NO_THROW(command.terminate());
  EXPECT_NO_THROW(command.suspend());
  EXPECT_NO_THROW(command.resume());
}

}  // namespace
