// The Linux launch: clone with the parent's memory, on a stack of its own, born with a pidfd.
// SPDX-License-Identifier: Apache-2.0
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstdint>

#include "spawn/child_side.hpp"
#include "spawn/clone3.hpp"
#include "spawn/launch.hpp"
#include "sys/call.hpp"
#include "sys/fd.hpp"
#include "sys/reap.hpp"
#include "sys/time.hpp"

#ifdef __GLIBC__
// The same function by glibc's other name. ThreadSanitizer takes `clone` for a fork and, after a
// child that shared its memory, ignores every lock that the calling thread takes.
extern "C" int __clone(int (*entry)(void*), void* stack, int flags, void* argument, ...) noexcept;
#endif

namespace brood::detail {

namespace {

#ifdef __GLIBC__
constexpr auto& clone_call = ::__clone;
#else
constexpr auto& clone_call = ::clone;
#endif

// Part of the caller's own stack: the caller sleeps until the child has exec'ed. The child needs
// under 1 KiB of it.
constexpr std::size_t stack_size = 16 * 1024;

int clone3_child(child_start& start, int* pidfd) noexcept {
  alignas(16) char stack[stack_size];
  clone_args how{};
  how.flags = CLONE_VFORK;
  how.pidfd = reinterpret_cast<std::uintptr_t>(pidfd);
  how.stack = reinterpret_cast<std::uintptr_t>(stack);
  how.stack_size = stack_size;
  return clone3(how, start);
}

int clone_child(int (*entry)(void*), void* argument, int flags, int* pidfd) noexcept {
  alignas(16) char stack[stack_size];
  return sys::call("clone", [&] {
    return clone_call(entry, stack + stack_size, flags | SIGCHLD, argument, pidfd);
  });
}

enum : int { unknown, shares, copies };

// Emulators (qemu-user, WSL 1) turn vfork into fork, and a failure before exec would be lost. They
// lack clone3, which costs nothing to ask for; only where it is missing a real child is tried, once
// per process.
bool memory_is_shared() noexcept {
  static std::atomic<int> known{unknown};
  int k = known.load(std::memory_order_relaxed);
  if (k != unknown) return k == shares;
  if (::syscall(SYS_clone3, nullptr, 0) < 0 && errno != ENOSYS && errno != EPERM) {
    k = shares;
  } else {
    child_report probe;
    int pid;
    {
      const sys::signals_blocked guard;
      pid = clone_child(probe_entry, &probe, CLONE_VM | CLONE_VFORK, nullptr);
    }
    if (pid < 0) return false;  // for now: a shortage is not an answer
    sys::reap_for_certain(pid, -1);
    k = probe.started ? shares : copies;
  }
  known.store(k, std::memory_order_relaxed);
  return k == shares;
}

}  // namespace

bool launches_natively(bool portable) noexcept { return !portable && memory_is_shared(); }

launched launch(const plan_view& plan) noexcept {
  if (!launches_natively(plan.portable)) return launch_by_fork(plan);
  launched r;
  r.at = sys::now();  // before: the call returns once the child has executed, and it may be over
  child_report report;
  child_start start{&plan, &report};
  r.pid = clone3_child(start, &r.pidfd);
  if (lacks_clone3(r.pid)) {
    const sys::signals_blocked guard;
    constexpr int flags = CLONE_VM | CLONE_VFORK;
    r.pid = clone_child(child_entry, &start, flags | CLONE_PIDFD, &r.pidfd);
    if (r.pid == -EINVAL) r.pid = clone_child(child_entry, &start, flags, nullptr);
  }
  if (r.pid < 0) {
    r.error = {error_stage::fork, -r.pid, 0};
    return r;
  }
  if (report.error.os != 0) {
    r.error = report.error;
    sys::reap_for_certain(r.pid, r.pidfd);
    if (r.pidfd >= 0) sys::close_fd(r.pidfd);
    return r;
  }
  if (r.pidfd < 0) r.pidfd = sys::open_pidfd(r.pid);  // before 5.2; stays < 0 before 5.3
  settle_pidfd(r);
  return r;
}

void settle_pidfd(launched& l) noexcept {
  if (l.pidfd >= 0 && l.pidfd <= 2) {
    const sys::fd low(l.pidfd);
    l.pidfd = sys::dup_above(low.get(), 3);
  }
  if (l.pidfd < 0) l.pidfd = -1;
}

}  // namespace brood::detail
