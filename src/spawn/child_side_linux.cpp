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

#include <cstdint>

#include "spawn/child_side.hpp"
#include "spawn/close_fds_linux.hpp"
#include "spawn/raw_call_linux.hpp"
#include "spawn/step_table.hpp"

namespace brood::detail {

namespace {

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

// To ignore a signal is to forget one that is pending.
void drop_pending(int signal) noexcept {
  kernel_sigaction ignore{};
  ignore.handler = SIG_IGN;
  raw_call(SYS_rt_sigaction, signal, &ignore, nullptr, signal_set_size);
  set_default(signal);
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
}

void block_signals(unsigned long which) noexcept {
  raw_call(SYS_rt_sigprocmask, SIG_SETMASK, &which, nullptr, signal_set_size);
}

constexpr unsigned long bit(int signal) noexcept { return 1UL << (signal - 1); }
constexpr unsigned long no_signal = 0;
constexpr unsigned long every_signal = ~0UL;
// A parent that waits for our exec would be stopped with us.
constexpr unsigned long stop_signals = bit(SIGTSTP) | bit(SIGTTIN) | bit(SIGTTOU);

// What stays open from `number` on, at its lowest number; none: no_fd. The program that runs by its
// descriptor, the pipe for a failure and what a cycle has parked are closed by exec.
struct kept_fds {
  const plan_view& plan;
  const child_report& report;
  int parked;

  unsigned operator()(unsigned number) const noexcept {
    unsigned lowest = no_fd;
    const auto keep = [&](int fd) {
      const auto n = static_cast<unsigned>(fd);
      if (fd >= 0 && n >= number && n < lowest) lowest = n;
    };
    keep(plan.program_fd);
    keep(report.pipe);
    keep(parked);
    for_each_target(plan, keep);
    return lowest;
  }
};

// The first step from which on no descriptor of the parent's is needed. The others are closed
// there: not only marked to be closed by exec, as that, and opening a file, may hang, and a reader
// that waits for the end of a pipe that we happen to hold must not wait for this.
std::uint32_t end_of_sources(const plan_view& plan) noexcept {
  std::uint32_t end = plan.step_count;
  while (end > 0 && !source_of(plan.steps[end - 1])) --end;
  return end;
}

// "0" is the one who writes it, whatever its number in which PID namespace.
long join_cgroup(int folder) noexcept {
  constexpr long flags = O_WRONLY | O_CLOEXEC;
  const long file = raw_call(SYS_openat, folder, "cgroup.procs", flags, 0L);
  if (file < 0) return file;
  const long r = raw_call(SYS_write, file, "0", 1L);
  raw_call(SYS_close, file);
  return r;
}

// We have a copy of the parent's end, too: only without it do we see that end closed.
long await_parent(const step& s) noexcept {
  if (s.b >= 0) raw_call(SYS_close, s.b);
  char byte = 0;
  const long r = raw_call(SYS_read, s.a, &byte, 1L);
  return r == 0 ? -ECANCELED : r;
}

// It may take for ever, so signals are let in meanwhile.
long open_file(const step& s) noexcept {
  constexpr long always = O_CLOEXEC | O_NOCTTY;
  block_signals(stop_signals);
  const long file = raw_call(SYS_openat, AT_FDCWD, s.data, s.a | always, static_cast<long>(s.c));
  block_signals(every_signal);
  if (file < 0) return file;
  if (file == s.b) return raw_call(SYS_fcntl, s.b, F_SETFD, 0);
  const long r = raw_call(SYS_dup3, file, s.b, 0);
  raw_call(SYS_close, file);
  return r;
}

long set_limit(const step& s) noexcept {
  const struct { std::uint64_t soft, hard; } limit{s.c, s.d};
  return raw_call(SYS_prlimit64, 0, s.a, &limit, nullptr);
}

// The negative errno if it failed. `parked` is the one descriptor that a cycle of moves puts aside.
long do_step(const step& s, int& parked) noexcept {
  switch (s.what) {
    case op::rendezvous:
      return await_parent(s);
    case op::keep_fd:
      return raw_call(SYS_fcntl, s.a, F_SETFD, 0);
    case op::move_fd:
      return raw_call(SYS_dup3, s.a, s.b, 0);
    case op::park_fd:
      parked = static_cast<int>(raw_call(SYS_fcntl, s.a, F_DUPFD_CLOEXEC, s.b));
      return parked;
    case op::unpark_fd:
      return raw_call(SYS_dup3, parked, s.b, 0);
    case op::open_file:
      return open_file(s);
    case op::copy_fd:
      return raw_call(SYS_dup3, s.a, s.b, 0);
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

void tell(child_report& report, error_stage stage, int os, std::uint32_t at) noexcept {
  if (report.pipe < 0) return;
  const child_note note{static_cast<std::uint32_t>(stage), os, at};
  const long r = raw_call(SYS_write, report.pipe, &note, long{sizeof note});
  if (r == -EPIPE) drop_pending(SIGPIPE);  // the parent does not listen any more
}

[[noreturn]] void fail(child_report& report, error_stage stage, int os, std::uint32_t at) noexcept {
  report.error.stage = stage;
  report.error.step = at;
  report.error.os = os;
  tell(report, stage, os, at);
  for (;;) raw_call(SYS_exit_group, 127);
}

// Whether the call itself is what fails, so that it would with any program.
bool concerns_the_call(int os) noexcept {
  return os == E2BIG || os == ENOMEM || os == EAGAIN || os == EMFILE || os == ENFILE ||
         os == EFAULT || os == EINTR;
}

// Which errors end the search through PATH? glibc's execvpe goes on after a few (EACCES, ENOENT,
// ESTALE, ENOTDIR, ENODEV, ETIMEDOUT) and stops at any other: at a link to itself (ELOOP), at a
// name that is too long. dash and CPython try them all, whatever the error was; so do we, but for
// errors that say nothing of the file: after those, another program of that name might run though
// the first is right. A file that is no program (ENOEXEC) does not stop the search either, as in
// CPython; a shell would read it as a script, which we never do. Reported is, as by CPython, the
// first error that is more than "not there".
[[noreturn]] void run_program(const plan_view& plan, child_report& report) noexcept {
  if (plan.program_fd >= 0) {
    constexpr int empty_path = 0x1000;  // AT_EMPTY_PATH
    block_signals(no_signal);
    const long r = raw_call(SYS_execveat, plan.program_fd, "", plan.argv, plan.envp, empty_path);
    fail(report, error_stage::exec, static_cast<int>(-r), 0);
  }
  int why = ENOENT;
  std::uint32_t which = 0;
  block_signals(no_signal);
  for (std::uint32_t at = 0; plan.programs[at]; ++at) {
    const int e = static_cast<int>(-raw_call(SYS_execve, plan.programs[at], plan.argv, plan.envp));
    const bool first = why == ENOENT && e != ENOENT && e != ENOTDIR;
    if (first || concerns_the_call(e)) {
      why = e;
      which = at;
    }
    if (concerns_the_call(e)) break;
  }
  fail(report, error_stage::exec, why, which);
}

void close_others(const plan_view& plan, child_report& report, int parked) noexcept {
  const long r = close_all_but(kept_fds{plan, report, parked});
  if (r < 0) fail(report, error_stage::descriptors, static_cast<int>(-r), plan.step_count);
}

bool may_take_long(const step& s) noexcept {
  return s.what == op::open_file || s.what == op::rendezvous;
}

}  // namespace

int child_main(void* start) noexcept {
  const plan_view& plan = *static_cast<const child_start*>(start)->plan;
  child_report& report = *static_cast<const child_start*>(start)->report;
  report.started = true;
  reset_signals(report.handlers_cleared);
  if (report.joins_cgroup) {
    const long r = join_cgroup(plan.cgroup_fd);
    if (r < 0) fail(report, error_stage::fork, static_cast<int>(-r), plan.step_count);
  }
  const std::uint32_t end = plan.close_fds ? end_of_sources(plan) : no_fd;
  int parked = -1;
  bool told = false;
  for (std::uint32_t i = 0; i < plan.step_count; ++i) {
    const step& s = plan.steps[i];
    if (i == end) close_others(plan, report, parked);
    report.at.store(i, std::memory_order_relaxed);
    if (may_take_long(s)) tell(report, kind_of(s.what).stage, 0, i), told = true;
    const long r = do_step(s, parked);
    if (r < 0) fail(report, kind_of(s.what).stage, static_cast<int>(-r), i);
  }
  if (end == plan.step_count) close_others(plan, report, parked);
  report.at.store(plan.step_count, std::memory_order_relaxed);
  if (told) tell(report, error_stage::exec, 0, plan.step_count);
  run_program(plan, report);
}

int probe_entry(void* p) noexcept {
  static_cast<child_report*>(p)->started = true;
  for (;;) raw_call(SYS_exit_group, 0);
}

}  // namespace brood::detail
