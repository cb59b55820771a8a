// Processes on Linux: waitid(2) with usage, and pidfds.
// SPDX-License-Identifier: Apache-2.0
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>

#include "sys/call.hpp"
#include "sys/reap.hpp"

namespace brood::detail::sys {

namespace {

constexpr int by_pidfd = 3;  // P_PIDFD, Linux 5.4

std::int64_t nanoseconds(const timeval& t) noexcept {
  return static_cast<std::int64_t>(t.tv_sec) * 1'000'000'000 +
         static_cast<std::int64_t>(t.tv_usec) * 1000;
}

void fill(exit_record& out, const siginfo_t& info, const rusage& used) noexcept {
  out.how = info.si_code;
  out.value = info.si_status;
  out.user_ns = nanoseconds(used.ru_utime);
  out.system_ns = nanoseconds(used.ru_stime);
  out.max_rss_bytes = static_cast<std::uint64_t>(used.ru_maxrss) * 1024;
  out.minor_faults = static_cast<std::uint64_t>(used.ru_minflt);
  out.major_faults = static_cast<std::uint64_t>(used.ru_majflt);
  out.blocks_in = static_cast<std::uint64_t>(used.ru_inblock);
  out.blocks_out = static_cast<std::uint64_t>(used.ru_oublock);
  out.voluntary_switches = static_cast<std::uint64_t>(used.ru_nvcsw);
  out.involuntary_switches = static_cast<std::uint64_t>(used.ru_nivcsw);
}

// The raw call: glibc's waitid() has no rusage argument.
int wait_id(int type, int id, siginfo_t& info, int flags, rusage* used) noexcept {
  info.si_pid = 0;
  return static_cast<int>(
      retry("waitid", [&] { return ::syscall(SYS_waitid, type, id, &info, flags, used); }));
}

// Whether waiting by pidfd was found to be refused although the child is there: Linux before 5.4,
// emulators, filters. Never taken back, as neither goes away.
std::atomic<bool> pidfd_waits_refused{false};

// A child that was not reaped is as safely named by its number.
int wait_child(int pid, int pidfd, siginfo_t& info, int flags, rusage* used) noexcept {
  const bool by_number = pidfd < 0 || pidfd_waits_refused.load(std::memory_order_relaxed);
  if (by_number) return wait_id(P_PID, pid, info, flags, used);
  const int r = wait_id(by_pidfd, pidfd, info, flags, used);
  if (!may_be_refusal(r)) return r;
  const int again = wait_id(P_PID, pid, info, flags, used);
  if (again == 0) pidfd_waits_refused.store(true, std::memory_order_relaxed);
  return again;
}

}  // namespace

int reap(int pid, int pidfd, wait_mode mode, exit_record& out) noexcept {
  if (pid <= 0) return -ESRCH;
  siginfo_t info{};
  rusage used{};
  const int flags =
      WEXITED | (mode == wait_mode::block ? 0 : WNOHANG) | (mode == wait_mode::look ? WNOWAIT : 0);
  const int r = wait_child(pid, pidfd, info, flags, &used);
  if (r < 0) return r;
  if (info.si_pid == 0) return 0;
  fill(out, info, used);
  return 1;
}

void reap_for_certain(int pid, int pidfd) noexcept {
  exit_record ignored;
  for (;;) {
    const int r = reap(pid, pidfd, wait_mode::block, ignored);
    if (r == 1 || r == -ECHILD || may_be_refusal(r) || pid <= 0) return;
  }
}

int reap_any(exit_record& out) noexcept {
  siginfo_t info{};
  rusage used{};
  const int r = wait_id(P_ALL, 0, info, WEXITED | WNOHANG, &used);
  if (r < 0) return r;
  if (info.si_pid > 0) fill(out, info, used);
  return info.si_pid;
}

int exit_after_reap(int pidfd, exit_record& out) noexcept {
  // struct pidfd_info of linux/pidfd.h, which is younger than the headers this is built with.
  struct pidfd_info {
    std::uint64_t mask;
    std::uint64_t cgroup_id;
    std::uint32_t ids[11];
    std::int32_t exit_code;
  } info{};
  static_assert(sizeof info == 64);
  constexpr std::uint64_t exit_known = 1U << 3;
  constexpr unsigned long get_info = _IOWR(0xFF, 11, pidfd_info);
  info.mask = exit_known;
  if (pidfd < 0) return -EBADF;
  // Not ioctl(), whose second parameter has another type in each C library.
  const auto r =
      static_cast<int>(call("ioctl", [&] { return ::syscall(SYS_ioctl, pidfd, get_info, &info); }));
  if (r < 0) return r;
  if (!(info.mask & exit_known)) return -ESRCH;
  const int status = info.exit_code;
  if (WIFEXITED(status)) {
    out.how = CLD_EXITED;
    out.value = WEXITSTATUS(status);
  } else {
    out.how = WCOREDUMP(status) ? CLD_DUMPED : CLD_KILLED;
    out.value = WTERMSIG(status);
  }
  return 0;
}

int open_pidfd(int pid) noexcept {
  if (pid <= 0) return -ESRCH;
  return static_cast<int>(call("pidfd_open", [&] { return ::syscall(SYS_pidfd_open, pid, 0); }));
}

}  // namespace brood::detail::sys
