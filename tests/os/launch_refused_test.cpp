// Launching a plan where the kernel, or a filter, refuses the newer system calls.
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "spawn/pending_exec.hpp"
#include "spawn/plan.hpp"
#include "support/files.hpp"
#include "support/helper.hpp"
#include "support/launch.hpp"

namespace {

using brood::detail::launch_pending;
using brood::detail::pending_start;
using brood::detail::plan;
using brood::detail::spawn_spec;
using support::helper;
using support::in_ms;
using support::soon;
namespace sys = brood::detail::sys;

class LaunchRefused : public support::launch_test {};

INSTANTIATE_TEST_SUITE_P(All, LaunchRefused, support::both_launches(), support::launch_name);

// Calls that this thread is refused from now on; how such a filter sees them is the number alone,
// or also the first argument.
void refuse(long number, int os, std::optional<unsigned> flag = {}) {
  const unsigned refusal = SECCOMP_RET_ERRNO | static_cast<unsigned>(os);
  std::vector<sock_filter> program = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 0),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, static_cast<unsigned>(number), 0,
               static_cast<unsigned char>(flag ? 3 : 1))};
  if (flag) {
    program.push_back(BPF_STMT(BPF_LD | BPF_W | BPF_ABS, 16));  // the low half of argument 0
    program.push_back(BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, *flag, 0, 1));
  }
  program.push_back(BPF_STMT(BPF_RET | BPF_K, refusal));
  program.push_back(BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW));
  const sock_fprog filter{static_cast<unsigned short>(program.size()), program.data()};
  ASSERT_EQ(::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), 0);
  ASSERT_EQ(::syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter), 0);
}

// A thread's filters end with it.
template <class F>
void in_a_thread(F f) {
  std::thread(f).join();
}

TEST_P(LaunchRefused, DoesWithoutEachOfTheNewerCalls) {
  struct refusal {
    long call;
    int os;
    std::optional<unsigned> flag;
  };
  const std::vector<std::vector<refusal>> cases = {
      {{SYS_pidfd_open, EPERM, {}}},
      {{SYS_clone3, ENOSYS, {}}},
      {{SYS_clone3, EPERM, {}}},
      {{SYS_clone3, EACCES, {}}, {SYS_clone, EINVAL, CLONE_PIDFD}},
      {{SYS_clone3, ENOSYS, {}}, {SYS_clone, EPERM, CLONE_PIDFD}, {SYS_pidfd_open, ENOSYS, {}}},
      {{SYS_clone3, ENOSYS, {}}, {SYS_clone, EPERM, CLONE_VM}},
  };
  for (const auto& refused : cases) {
    in_a_thread([&] {
      for (const refusal& r : refused) refuse(r.call, r.os, r.flag);
      EXPECT_EQ(run(plan(spec_of({helper(), "exit", "6"}))), 6);
      pending_start start = launch_pending(planned(spec_of({helper(), "exit", "8"})));
      ASSERT_EQ(start.child.error.os, 0);
      EXPECT_TRUE(start.exec.await(in_ms(soon)));
      EXPECT_EQ(start.exec.outcome().os, 0);
      EXPECT_EQ(end_of(start.child), 8);
    });
  }
}

TEST_P(LaunchRefused, ClosesWhatIsOpenWithoutCloseRange) {
  const sys::fd one(::open("/dev/null", O_RDONLY));  // not close-on-exec
  const sys::fd high(::fcntl(one.get(), F_DUPFD, 700));
  const sys::fd kept(::fcntl(one.get(), F_DUPFD, 600));
  const auto listed = [&](spawn_spec s) {
    s.keep = {kept.get()};
    EXPECT_EQ(run(plan(std::move(s))), 0);
    return support::split_lines(output());
  };
  in_a_thread([&] {
    refuse(SYS_close_range, ENOSYS);
    EXPECT_EQ(listed(to_file({helper(), "list-fds"})).size(), 4U) << output();
    // A limit below what is open, and no descriptor left to read the list with.
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
    spawn_spec s = to_file({helper(), "list-fds"});
    std::vector<sys::fd> all;
    const rlimit few{64, before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &few), 0);
    for (int n = 0; (n = ::open("/dev/null", O_RDONLY)) >= 0;) all.emplace_back(n);
    if (GetParam())
      all.resize(all.size() - 4);  // for its pipe
    else
      all.resize(all.size() - 2);  // for the pidfd
    const auto lines = listed(std::move(s));
    ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
    EXPECT_EQ(lines.size(), 4U) << output();
    // The list refused as well.
    refuse(SYS_getdents64, EPERM);
    EXPECT_EQ(run(plan(to_file({helper(), "exit", "0"}))), 0);
  });
}

}  // namespace
