// A process that is held: no call reaches another, and each newer call may be missing.
// SPDX-License-Identifier: Apache-2.0
#include "sys/pid_ref.hpp"

#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string>

#include <gtest/gtest.h>

#include "support/clean.hpp"
#include "support/files.hpp"
#include "sys/call.hpp"
#include "sys/proc.hpp"

namespace {

namespace sys = brood::detail::sys;
using sys::pid_ref;
using sys::wait_mode;

constexpr unsigned nobody = 65534;

// A child that waits to be killed; it ends with this process.
pid_t pausing_child() {
  const pid_t pid = fork();
  if (pid != 0) return pid;
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (;;) pause();
}

sys::fd pidfd_of(pid_t pid) { return sys::fd(sys::open_pidfd(pid)); }

// What the fault hook refuses, and how often it was asked.
const char* refused_call = "";
int refused_with = 0;
int times_asked = 0;

int refuse(const char* call) noexcept {
  if (std::strcmp(call, refused_call) != 0) return 0;
  ++times_asked;
  return refused_with;
}

// What was found to be refused stays known, so each such check runs in a process of its own, which
// is to return true.
template <class Check>
bool holds_where(const char* call, int error, Check check) {
  const pid_t pid = fork();
  if (pid == 0) {
    refused_call = call;
    refused_with = error;
    sys::fault_hook = error != 0 ? refuse : nullptr;
    _exit(check() ? 0 : 1);
  }
  int status = 0;
  return waitpid(pid, &status, 0) == pid && status == 0;
}

bool ended_by(pid_ref& p, int signal) {
  sys::exit_record end;
  return p.reap(wait_mode::block, end) == 1 && end.how == CLD_KILLED && end.value == signal;
}

class PidRef : public support::os_test {};

TEST_F(PidRef, NoProcessIsNeverAnything) {
  pid_ref none;
  sys::exit_record end;
  EXPECT_FALSE(none);
  EXPECT_FALSE(none.alive());
  EXPECT_EQ(none.signal(0), -ESRCH);
  EXPECT_EQ(none.signal_group(0), -ESRCH);
  EXPECT_EQ(none.reap(wait_mode::poll, end), -ECHILD);
  for (const int number : {-1, 0, -getpid()}) {
    EXPECT_FALSE(pid_ref::child(number, {}));
    EXPECT_FALSE(pid_ref::find(number, getpid()));
  }
}

class PidRefOfChild : public PidRef, public ::testing::WithParamInterface<bool> {
 protected:
  pid_ref start() {
    const pid_t pid = pausing_child();
    return pid_ref::child(pid, GetParam() ? pidfd_of(pid) : sys::fd());
  }
};

INSTANTIATE_TEST_SUITE_P(All, PidRefOfChild, ::testing::Bool(), [](const auto& i) {
  return std::string(i.param ? "WithPidfd" : "ByNumber");
});

TEST_P(PidRefOfChild, IsSignalledAndReapedOnce) {
  pid_ref p = start();
  sys::exit_record end;
  EXPECT_TRUE(p.alive());
  EXPECT_EQ(p.reap(wait_mode::poll, end), 0);
  EXPECT_EQ(p.signal(SIGTERM), 0);
  EXPECT_TRUE(support::poll_until(support::patience, [&] { return !p.alive(); }));
  EXPECT_EQ(p.signal(0), 0) << "a zombie has its number still";
  EXPECT_TRUE(ended_by(p, SIGTERM));
  EXPECT_EQ(p.signal(0), -ESRCH);
  EXPECT_FALSE(p.alive());
  EXPECT_EQ(p.reap(wait_mode::block, end), -ECHILD);
}

TEST_P(PidRefOfChild, WhatSomebodyElseReapedIsNotSignalled) {
  pid_ref p = start();
  sys::exit_record end;
  EXPECT_EQ(p.signal(SIGKILL), 0);
  EXPECT_EQ(waitpid(p.pid(), nullptr, 0), p.pid());
  EXPECT_EQ(p.reap(wait_mode::poll, end), -ECHILD);
  EXPECT_EQ(p.signal(0), -ESRCH);
}

TEST_P(PidRefOfChild, MovesAsOneThing) {
  pid_ref p = start();
  const pid_t pid = p.pid();
  pid_ref q = std::move(p);
  EXPECT_FALSE(p);  // NOLINT(bugprone-use-after-move)
  EXPECT_EQ(p.signal(SIGKILL), -ESRCH);
  EXPECT_EQ(q.pid(), pid);
  p = std::move(q);
  EXPECT_EQ(p.signal(SIGKILL), 0);
  EXPECT_TRUE(ended_by(p, SIGKILL));
}

TEST_P(PidRefOfChild, ItsGroupIsSignalledWhileItIsThere) {
  pid_ref p = start();
  EXPECT_EQ(p.signal_group(0), -ESRCH) << "it leads none";
  ASSERT_EQ(setpgid(p.pid(), p.pid()), 0);
  EXPECT_EQ(p.signal_group(SIGTERM), 0);
  EXPECT_TRUE(support::poll_until(support::patience, [&] { return !p.alive(); }));
  EXPECT_EQ(p.signal_group(0), 0) << "the zombie is in it";
  EXPECT_TRUE(ended_by(p, SIGTERM));
  const int after = p.signal_group(SIGKILL);
  EXPECT_TRUE(after == -ESRCH || after == -EOPNOTSUPP) << after;
}

TEST_F(PidRef, OurOwnGroupIsNotSignalled) {
  EXPECT_TRUE(holds_where("", 0, [] {
    setpgid(0, 0);
    return pid_ref::child(getpid(), {}).signal_group(0) == -ESRCH;
  }));
}

// On Linux 5.2: a descriptor that cannot be polled says that all is ready.
TEST_F(PidRef, APidfdThatCannotBePolledIsNoAnswer) {
  const pid_t pid = pausing_child();
  pid_ref p = pid_ref::child(pid, sys::fd(open("/dev/null", O_RDWR | O_CLOEXEC)));
  EXPECT_TRUE(p.alive());
  support::kill_pid(pid);
  EXPECT_TRUE(support::poll_until(support::patience, [&] { return !p.alive(); }));
  EXPECT_EQ(waitpid(pid, nullptr, 0), pid);
}

TEST_F(PidRef, FindsTheChildrenOfTheParentThatIsMeant) {
  const pid_t pid = pausing_child();
  {
    const pid_ref p = pid_ref::find(pid, getpid());
    ASSERT_TRUE(p) << p.error();
    EXPECT_EQ(p.pid(), pid);
    EXPECT_TRUE(p.alive());
    EXPECT_EQ(pid_ref::find(pid, getppid()).error(), -ECHILD);
    EXPECT_EQ(p.signal(SIGKILL), 0);
    EXPECT_TRUE(support::poll_until(support::patience, [&] { return !p.alive(); }));
    EXPECT_EQ(pid_ref::find(pid, getpid()).error(), -ESRCH) << "a zombie";
    EXPECT_EQ(waitpid(pid, nullptr, 0), pid);
    EXPECT_EQ(p.signal(SIGKILL), -ESRCH);
  }
  EXPECT_EQ(pid_ref::find(pid, getpid()).error(), -ESRCH);
}

// The walk that finds processes needs descriptors as well.
TEST_F(PidRef, HoldsByStartTimeWhereDescriptorsRunOut) {
  const pid_t pid = pausing_child();
  for (int many : {64, 20, 4}) {
    EXPECT_TRUE(holds_where("", 0, [&] {
      const int low = open("/dev/null", O_RDONLY | O_CLOEXEC);
      close(low);
      const rlimit files{static_cast<rlim_t>(low + many), static_cast<rlim_t>(low + many)};
      setrlimit(RLIMIT_NOFILE, &files);
      const pid_ref p = pid_ref::find(pid, getppid());
      return p && (p.pidfd() >= 0) == (many > 8) && p.alive() && p.signal(0) == 0;
    })) << many;
  }
  EXPECT_TRUE(holds_where("", 0, [&] {
    const rlimit none{0, 0};
    setrlimit(RLIMIT_NOFILE, &none);
    return pid_ref::find(pid, getppid()).error() == -EMFILE;
  }));
  support::kill_pid(pid);
  EXPECT_EQ(waitpid(pid, nullptr, 0), pid);
}

// Of a number that was given again, only the start time tells.
TEST_F(PidRef, ANumberThatIsSomebodyElsesNowIsNotSignalled) {
  EXPECT_TRUE(holds_where("pidfd_open", ENOSYS, [] {
    const pid_t first = pausing_child();
    const pid_ref p = pid_ref::find(first, getpid());
    if (!p || p.pidfd() >= 0 || kill(first, SIGKILL) != 0) return false;
    waitpid(first, nullptr, 0);
    const timespec two_ticks{0, 20'000'000};
    nanosleep(&two_ticks, nullptr);
    clone_args how{};
    how.exit_signal = SIGCHLD;
    how.set_tid = reinterpret_cast<std::uintptr_t>(&first);
    how.set_tid_size = 1;
    const pid_t second = static_cast<pid_t>(syscall(SYS_clone3, &how, sizeof how));
    if (second == 0) {
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      for (;;) pause();
    }
    if (second != first) return true;  // not for us to choose
    return !p.alive() && p.signal(0) == -ESRCH && kill(second, SIGKILL) == 0;
  }));
}

class PidRefRefused : public PidRef, public ::testing::WithParamInterface<int> {};

INSTANTIATE_TEST_SUITE_P(All, PidRefRefused, ::testing::Values(ENOSYS, EPERM, EINVAL, EACCES));

TEST_P(PidRefRefused, SignalsGoByNumberAndTheCallIsTriedOnce) {
  EXPECT_TRUE(holds_where("pidfd_send_signal", GetParam(), [] {
    const pid_t pid = pausing_child();
    const pid_ref found = pid_ref::find(pid, getpid());
    pid_ref p = pid_ref::child(pid, pidfd_of(pid));
    const bool sent = p.signal(0) == 0 && found.signal(0) == 0 && p.signal(SIGTERM) == 0;
    return sent && times_asked == 1 && ended_by(p, SIGTERM) && found.signal(0) == -ESRCH;
  }));
}

TEST_P(PidRefRefused, GroupsAreSignalledByNumberWhileTheirLeaderIsThere) {
  EXPECT_TRUE(holds_where("pidfd_send_signal", GetParam(), [] {
    const pid_t pid = pausing_child();
    pid_ref p = pid_ref::child(pid, pidfd_of(pid));
    setpgid(pid, pid);
    const bool sent = p.signal_group(0) == 0 && p.signal_group(SIGTERM) == 0 && times_asked == 1;
    return sent && ended_by(p, SIGTERM) && p.signal_group(0) == -ESRCH;
  }));
}

TEST_P(PidRefRefused, WithoutPidfdsTheStartTimeHolds) {
  EXPECT_TRUE(holds_where("pidfd_open", GetParam(), [] {
    const pid_t pid = pausing_child();
    const pid_ref p = pid_ref::find(pid, getpid());
    if (!p || p.pidfd() >= 0 || !p.alive() || p.signal(SIGKILL) != 0) return false;
    waitpid(pid, nullptr, 0);
    return !p.alive() && p.signal(0) == -ESRCH;
  }));
}

// A lack of permission is not taken for a call that is refused.
TEST_F(PidRef, ALackOfPermissionIsSaidAndNotRemembered) {
  if (geteuid() != 0) GTEST_SKIP() << "needs a process of another user";
  EXPECT_TRUE(holds_where("", 0, [] {
    const pid_t roots = pausing_child();
    const pid_ref of_root = pid_ref::child(roots, pidfd_of(roots));
    if (setresuid(nobody, nobody, 0) != 0) return false;
    const pid_t pid = pausing_child();
    const pid_ref ours = pid_ref::child(pid, pidfd_of(pid));
    refused_call = "kill";
    refused_with = ENOSYS;
    const bool denied = of_root.signal(SIGKILL) == -EPERM && of_root.signal_group(0) < 0;
    sys::fault_hook = refuse;
    const bool by_pidfd = ours.signal(SIGKILL) == 0 && times_asked == 0;
    sys::fault_hook = nullptr;
    return denied && by_pidfd && setresuid(0, 0, 0) == 0 && of_root.signal(SIGKILL) == 0;
  }));
}

TEST_F(PidRef, TheProcHereTellsOfOurProcesses) { EXPECT_EQ(sys::proc_is_ours(), 1); }

// Below a /proc of another namespace we may have the same number by chance.
TEST_F(PidRef, TheProcOfAnotherNamespaceIsNotOurs) {
  EXPECT_TRUE(holds_where("", 0, [] {
    if (unshare(CLONE_NEWPID) != 0) return true;  // not for us to do
    const pid_t first = fork();  // of the namespace; it has to be there for others to be
    if (first == 0) _exit(sys::proc_is_ours() == 0 ? 0 : 1);
    int status = 0;
    if (waitpid(first, &status, 0) != first || status != 0) return false;
    return true;
  }));
  EXPECT_TRUE(holds_where("", 0, [] {
    if (unshare(CLONE_NEWPID) != 0) return true;
    const pid_t first = pausing_child();
    const pid_t numbers[] = {first + 1000, first + 1000};
    clone_args how{};
    how.exit_signal = SIGCHLD;
    how.set_tid = reinterpret_cast<std::uintptr_t>(numbers);
    how.set_tid_size = 2;
    const pid_t same = static_cast<pid_t>(syscall(SYS_clone3, &how, sizeof how));
    if (same == 0) _exit(getpid() == numbers[0] && sys::proc_is_ours() == 0 ? 0 : 1);
    int status = 0;
    return same != numbers[0] || (waitpid(same, &status, 0) == same && status == 0);
  }));
}

TEST_F(PidRef, ChildrenThatCannotBeLookedForAreNotNone) {
  const pid_t pid = pausing_child();
  EXPECT_TRUE(holds_where("", 0, [&] {
    brood::detail::pod_array<int> found;
    if (sys::read_children(getppid(), found) != 0 || found.size() == 0) return false;
    rlimit files{};
    getrlimit(RLIMIT_NOFILE, &files);
    const rlimit none{0, files.rlim_max};
    setrlimit(RLIMIT_NOFILE, &none);
    sys::process_stat s;
    return sys::read_children(getppid(), found) == -EMFILE && sys::proc_is_ours() == -EMFILE &&
           sys::look_at_process(getppid(), s) == -EMFILE && !sys::is_stopped(pid) &&
           sys::group_is_alive(getpgrp());
  }));
  support::kill_pid(pid);
  EXPECT_EQ(waitpid(pid, nullptr, 0), pid);
  brood::detail::pod_array<int> found;
  EXPECT_EQ(sys::read_children(pid, found), 0) << "it is gone: it has none";
  EXPECT_EQ(found.size(), 0U);
}

}  // namespace
