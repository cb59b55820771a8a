// The child between clone and exec: a loop over the plan's steps, then execve.
// SPDX-License-Identifier: Apache-2.0

// This object may import only what scripts/child_symbols.txt lists. It shares the memory of a
// parent that may be running: not even errno may be touched, and glibc's set*id would signal all
// threads.
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "spawn/child_side.hpp"
#include "spawn/raw_call.hpp"
#include "spawn/step_table.hpp"

namespace brood::detail {

namespace {

constexpr unsigned all_fds = ~0U;

// As the kernel takes it, which is not glibc's struct sigaction.
struct kernel_sigaction {
  void (*handler)(int);
  unsigned long flags;
  void (*restorer)();
  unsigned long mask;
};
constexpr long signal_set_size = 8;

long handler_of(int signal, kernel_sigaction& now) noexcept {
  return raw_call(SYS_rt_sigaction, signal, nullptr, &now, signal_set_size);
}

void set_default(int signal) noexcept {
  const kernel_sigaction fresh{};  // SIG_DFL is 0
  raw_call(SYS_rt_sigaction, signal, &fresh, nullptr, signal_set_size);
}

void clear_handlers() noexcept {
  for (int signal = 1; signal <= 64; ++signal) {
    if (signal == SIGKILL || signal == SIGSTOP) continue;
    kernel_sigaction now{};
    const bool known = handler_of(signal, now) == 0;
    if (known && now.handler != SIG_DFL && now.handler != SIG_IGN) set_default(signal);
  }
}

// A handler of the parent must not run here once signals are let in. What the parent ignores stays
// ignored (nohup), but for three that a host ignores for its own sake and a child trips over:
// without SIGPIPE a pipeline never ends, without SIGCHLD wait() finds nothing.
void reset_signals(bool cleared) noexcept {
  if (!cleared) clear_handlers();
  for (const int signal : {SIGPIPE, SIGCHLD, SIGXFSZ}) set_default(signal);
  const unsigned long none = 0;
  raw_call(SYS_rt_sigprocmask, SIG_SETMASK, &none, nullptr, signal_set_size);
}

// What the steps leave open from `number` on, at its lowest number; none: all_fds. The program that
// runs by its descriptor and the pipe for a failure are closed by exec.
unsigned next_kept(const plan_view& plan, const child_report& report, unsigned number) noexcept {
  unsigned lowest = all_fds;
  const auto keep = [&](int fd) {
    const auto n = static_cast<unsigned>(fd);
    if (fd >= 0 && n >= number && n < lowest) lowest = n;
  };
  keep(plan.program_fd);
  keep(report.pipe);
  for_each_target(plan, keep);
  return lowest;
}

// Kernels before 5.9: one by one. A number that is not open only fails.
long close_slowly(unsigned from, unsigned to) noexcept {
  rlimit files{};
  const long r = raw_call(SYS_prlimit64, 0, RLIMIT_NOFILE, nullptr, &files);
  if (r < 0) return r;
  // The limit may be a new one already.
  const auto limit = static_cast<unsigned>(files.rlim_cur > 1048576 ? 1048576 : files.rlim_cur);
  const unsigned most = limit < 65536 ? 65536 : limit;
  for (unsigned n = from; n <= to && n < most; ++n) raw_call(SYS_close, static_cast<long>(n));
  return 0;
}

// Not only marked to be closed by exec, as that may hang: who waits for the end of a pipe that we
// happen to hold must not wait for this.
long close_others(const plan_view& plan, const child_report& report) noexcept {
  for (unsigned from = 3;;) {
    const unsigned kept = next_kept(plan, report, from);
    const unsigned to = kept == all_fds ? all_fds : kept - 1;
    if (kept > from &&
        raw_call(SYS_close_range, static_cast<long>(from), static_cast<long>(to), 0L) < 0) {
      if (const long r = close_slowly(from, to); r < 0) return r;
    }
    if (kept == all_fds) return 0;
    from = kept + 1;
  }
}

long set_limit(const step& s) noexcept {
  const struct { std::uint64_t soft, hard; } limit{s.c, s.d};
  return raw_call(SYS_prlimit64, 0, s.a, &limit, nullptr);
}

// The negative errno if it failed. `parked` is the one descriptor that a cycle of moves puts aside.
long do_step(const step& s, int& parked) noexcept {
  switch (s.what) {
    case op::keep_fd:
      return raw_call(SYS_fcntl, s.a, F_SETFD, 0);
    case op::move_fd:
      return raw_call(SYS_dup3, s.a, s.b, 0);
    case op::park_fd:
      parked = static_cast<int>(raw_call(SYS_fcntl, s.a, F_DUPFD_CLOEXEC, s.b));
      return parked;
    case op::unpark_fd:
      return raw_call(SYS_dup3, parked, s.b, 0);
    case op::new_session:
      return raw_call(SYS_setsid);
    case op::process_group:
      return raw_call(SYS_setpgid, 0, s.a);
    case op::set_umask:
      return raw_call(SYS_umask, s.a);
    case op::set_nice:
      return raw_call(SYS_setpriority, PRIO_PROCESS, 0, s.a);
    case op::set_limit:
      return set_limit(s);
    case op::set_groups:
      return raw_call(SYS_setgroups, s.n, s.data);
    case op::set_gid:
      return raw_call(SYS_setresgid, s.a, s.a, s.a);
    case op::set_uid:
      return raw_call(SYS_setresuid, s.a, s.a, s.a);
    case op::change_dir:
      return raw_call(SYS_chdir, s.data);
  }
  return -EINVAL;
}

[[noreturn]] void fail(child_report& report, error_stage stage, int os, std::uint32_t at) noexcept {
  report.error.stage = stage;
  report.error.step = at;
  report.error.os = os;
  if (report.pipe >= 0) raw_call(SYS_write, report.pipe, &report.error, long{sizeof report.error});
  for (;;) raw_call(SYS_exit_group, 127);
}

// As execvp: go on where a candidate is not there, remember one that may not be run.
[[noreturn]] void run_program(const plan_view& plan, child_report& report) noexcept {
  if (plan.program_fd >= 0) {
    constexpr int empty_path = 0x1000;  // AT_EMPTY_PATH
    const long r = raw_call(SYS_execveat, plan.program_fd, "", plan.argv, plan.envp, empty_path);
    fail(report, error_stage::exec, static_cast<int>(-r), 0);
  }
  int denied = 0;
  int last = ENOENT;
  std::uint32_t at = 0;
  for (; plan.programs[at]; ++at) {
    last = static_cast<int>(-raw_call(SYS_execve, plan.programs[at], plan.argv, plan.envp));
    if (last == EACCES) denied = last;
    if (last != EACCES && last != ENOENT && last != ENOTDIR) break;
  }
  const bool stopped = plan.programs[at] != nullptr;
  fail(report, error_stage::exec, stopped || !denied ? last : denied, at);
}

}  // namespace

void child_main(const plan_view& plan, child_report& report) noexcept {
  report.started = true;
  reset_signals(report.handlers_cleared);
  int parked = -1;
  for (std::uint32_t i = 0; i < plan.step_count; ++i) {
    const long r = do_step(plan.steps[i], parked);
    if (r < 0) fail(report, kind_of(plan.steps[i].what).stage, static_cast<int>(-r), i);
  }
  const long r = plan.close_fds ? close_others(plan, report) : 0;
  if (r < 0) fail(report, error_stage::descriptors, static_cast<int>(-r), 0);
  run_program(plan, report);
}

int child_entry(void* p) noexcept {
  const auto* start = static_cast<const child_start*>(p);
  child_main(*start->plan, *start->report);
}

int probe_entry(void* p) noexcept {
  static_cast<child_report*>(p)->started = true;
  for (;;) raw_call(SYS_exit_group, 0);
}

}  // namespace brood::detail
