// The one place that sends signals: by pidfd, or by what takes its place where that is refused.
// SPDX-License-Identifier: Apache-2.0
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <utility>

#include "sys/call.hpp"
#include "sys/pid_ref.hpp"
#include "sys/proc.hpp"

namespace brood::detail::sys {

namespace {

constexpr unsigned to_process_group = 1U << 2;  // PIDFD_SIGNAL_PROCESS_GROUP, Linux 6.9

// What a walk over /proc has open at once, several times over: two for each of two threads, and as
// much again for what else the program does meanwhile.
constexpr std::uint64_t spare_descriptors = 8;

// Of each call: whether it was found to be refused here although what it is for is allowed. Never
// taken back, as neither a kernel nor a seccomp filter goes away.
std::atomic<bool> signals_refused{false};
std::atomic<bool> group_signals_refused{false};

bool is_refused(const std::atomic<bool>& what) noexcept {
  return what.load(std::memory_order_relaxed);
}

int kill_number(int number, int signal) noexcept {
  return call("kill", [&] { return ::kill(number, signal); });
}

int send_by_pidfd(int pidfd, int signal, unsigned flags) noexcept {
  return static_cast<int>(call("pidfd_send_signal", [&] {
    return ::syscall(SYS_pidfd_send_signal, pidfd, signal, nullptr, flags);
  }));
}

enum class ended : unsigned char { no, yes, unknown };

// A pidfd is readable once the process ended. On Linux 5.2 it cannot be polled, and then, as for
// all such files, everything is said to be ready.
ended ended_by_pidfd(int pidfd) noexcept {
  pollfd p{pidfd, POLLIN | POLLOUT, 0};
  if (::poll(&p, 1, 0) < 0 || (p.revents & POLLOUT)) return ended::unknown;
  return p.revents ? ended::yes : ended::no;
}

// The kernel gives the lowest free number, so all below this one are taken.
bool leaves_few(int number) noexcept {
  struct {
    std::uint64_t soft, hard;
  } files{};
  const int r = static_cast<int>(call(
      "prlimit64", [&] { return ::syscall(SYS_prlimit64, 0, RLIMIT_NOFILE, nullptr, &files); }));
  return r < 0 || static_cast<std::uint64_t>(number) + spare_descriptors >= files.soft;
}

}  // namespace

pid_ref::pid_ref(pid_ref&& o) noexcept
    : pid_(std::exchange(o.pid_, -1)),
      error_(std::exchange(o.error_, 0)),
      bond_(std::exchange(o.bond_, bond::none)),
      pidfd_(std::move(o.pidfd_)),
      start_(std::exchange(o.start_, 0)) {}

pid_ref& pid_ref::operator=(pid_ref&& o) noexcept {
  pid_ = std::exchange(o.pid_, -1);
  error_ = std::exchange(o.error_, 0);
  bond_ = std::exchange(o.bond_, bond::none);
  pidfd_ = std::move(o.pidfd_);
  start_ = std::exchange(o.start_, 0);
  return *this;
}

pid_ref pid_ref::child(int pid, fd pidfd) noexcept {
  pid_ref r;
  if (pid <= 0) {
    r.error_ = -ESRCH;
    return r;
  }
  r.pid_ = pid;
  r.bond_ = bond::child;
  r.pidfd_ = std::move(pidfd);
  return r;
}

pid_ref pid_ref::find(int pid, int expected_parent) noexcept {
  pid_ref r;
  if (pid <= 1) {
    r.error_ = -ESRCH;
    return r;
  }
  // First the pidfd, then the look: what the look says of the number is true of the pidfd as well,
  // unless the process ended in between, and then the pidfd says that.
  fd pidfd(open_pidfd(pid));
  if (pidfd && leaves_few(pidfd.get())) pidfd.reset();
  process_stat s;
  const int seen = look_at_process(pid, s);
  if (seen < 0) {
    // Hidden from us (hidepid), not gone: it can be signalled, but not be told from others.
    const bool hidden = seen == -ESRCH && pidfd && ended_by_pidfd(pidfd.get()) == ended::no;
    r.error_ = hidden ? -EACCES : seen;
    return r;
  }
  if (s.is_over() || s.ppid != expected_parent) {
    r.error_ = s.is_over() ? -ESRCH : -ECHILD;
    return r;
  }
  r.pid_ = pid;
  r.bond_ = bond::found;
  r.start_ = s.start;
  if (pidfd.get() >= 0) r.pidfd_ = std::move(pidfd);
  return r;
}

pid_ref pid_ref::told(int pid, fd pidfd) noexcept {
  pid_ref r;
  process_stat s;
  const int seen = pidfd ? 0 : look_at_process(pid, s);
  if (pid <= 1 || seen < 0) {
    r.error_ = pid <= 1 ? -ESRCH : seen;
    return r;
  }
  r.pid_ = pid;
  r.bond_ = bond::found;
  r.start_ = s.start;
  r.pidfd_ = std::move(pidfd);
  return r;
}

// 0, -ESRCH if it ended, or why that cannot be told.
int pid_ref::look() const noexcept {
  if (pidfd_) {
    const ended e = ended_by_pidfd(pidfd_.get());
    if (e != ended::unknown) return e == ended::yes ? -ESRCH : 0;
  }
  if (bond_ == bond::child) {
    exit_record unused;
    const int r = sys::reap(pid_, -1, wait_mode::look, unused);
    return r > 0 || r == -ECHILD ? -ESRCH : r;
  }
  process_stat s;
  const int r = look_at_process(pid_, s);
  if (r < 0) return r;
  return s.start == start_ && !s.is_over() ? 0 : -ESRCH;
}

// For one that is not our child there is a moment between the look and the signal.
int pid_ref::signal_by_number(int number) const noexcept {
  const int seen = bond_ == bond::child ? 0 : look();
  return seen < 0 ? seen : kill_number(pid_, number);
}

int pid_ref::signal(int number) const noexcept {
  if (pid_ <= 0 || bond_ == bond::reaped) return -ESRCH;
  if (!pidfd_ || is_refused(signals_refused)) return signal_by_number(number);
  const int r = send_by_pidfd(pidfd_.get(), number, 0);
  if (!may_be_refusal(r)) return r;
  const int by_number = signal_by_number(number);
  if (by_number == 0) signals_refused.store(true, std::memory_order_relaxed);
  return by_number;
}

bool pid_ref::reaches_group_when_reaped() const noexcept {
  return pidfd_ && !is_refused(signals_refused) && !is_refused(group_signals_refused);
}

int pid_ref::signal_group(int number) const noexcept {
  if (pid_ <= 1 || pid_ == ::getpgrp()) return -ESRCH;
  const bool by_pidfd = reaches_group_when_reaped();
  int r = -EOPNOTSUPP;
  if (by_pidfd) {
    r = send_by_pidfd(pidfd_.get(), number, to_process_group);
    if (!may_be_refusal(r)) return r;
  }
  // If nobody is in a group of this number, nobody is in ours. Beyond that the number says
  // something only while the leader, alive or a zombie, is there: then it is not given again.
  if (bond_ == bond::reaped && number == 0 && kill_number(-pid_, 0) == -ESRCH) return -ESRCH;
  if (bond_ == bond::reaped) return r == -EPERM ? r : -EOPNOTSUPP;
  if (bond_ == bond::found && look() < 0) return -EOPNOTSUPP;
  const int by_number = kill_number(-pid_, number);
  if (by_pidfd && by_number == 0) group_signals_refused.store(true, std::memory_order_relaxed);
  return by_number;
}

bool pid_ref::alive() const noexcept {
  return pid_ > 0 && bond_ != bond::reaped && look() != -ESRCH;
}

int pid_ref::reap(wait_mode mode, exit_record& out) noexcept {
  if (bond_ != bond::child) return -ECHILD;
  const int r = sys::reap(pid_, pidfd_.get(), mode, out);
  if ((r == 1 && mode != wait_mode::look) || r == -ECHILD) bond_ = bond::reaped;
  return r;
}

int send_signal(int pid, int pidfd, int signal) noexcept {
  if (pid <= 0) return -ESRCH;
  if (pidfd < 0) return kill_number(pid, signal);
  int r = -EOPNOTSUPP;
  if (!is_refused(signals_refused)) r = send_by_pidfd(pidfd, signal, 0);
  if (!may_be_refusal(r)) return r;
  if (ended_by_pidfd(pidfd) == ended::yes) return -ESRCH;
  const int by_number = kill_number(pid, signal);
  if (by_number == 0) signals_refused.store(true, std::memory_order_relaxed);
  return by_number;
}

}  // namespace brood::detail::sys
