// clone3(2) in assembler: the child returns from the call on a stack without a frame to return to.
// SPDX-License-Identifier: Apache-2.0
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>

#include "spawn/clone3.hpp"
#include "sys/call.hpp"
#include "sys/reap.hpp"

#ifdef __GLIBC__
// The same function by glibc's other name. ThreadSanitizer takes `clone` for a fork and, after a
// child that shared its memory, ignores every lock that the calling thread takes.
extern "C" int __clone(int (*entry)(void*), void* stack, int flags, void* argument, ...) noexcept;
#endif

// long brood_clone3(const clone_args* how, size_t size, int (*entry)(void*), void* argument)
#if defined(__x86_64__)
asm(R"(
    .pushsection .text
    .globl brood_clone3
    .hidden brood_clone3
    .type brood_clone3, @function
brood_clone3:
    .cfi_startproc
    movl $435, %eax
    movq %rcx, %r8          # the call overwrites rcx and r11
    syscall
    testq %rax, %rax
    jz 1f
    ret
1:  .cfi_undefined rip
    xorl %ebp, %ebp
    movq %r8, %rdi
    call *%rdx
    hlt
    .cfi_endproc
    .size brood_clone3, . - brood_clone3
    .popsection
)");
#elif defined(__aarch64__)
asm(R"(
    .pushsection .text
    .globl brood_clone3
    .hidden brood_clone3
    .type brood_clone3, %function
brood_clone3:
    .cfi_startproc
    mov x8, #435
    svc #0
    cbz x0, 1f
    ret
1:  .cfi_undefined x30
    mov x29, #0
    mov x30, #0
    mov x0, x3
    blr x2
    brk #0
    .cfi_endproc
    .size brood_clone3, . - brood_clone3
    .popsection
)");
#endif

namespace brood::detail {

namespace {

#ifdef __GLIBC__
constexpr auto& clone_call = ::__clone;
#else
constexpr auto& clone_call = ::clone;
#endif

#if defined(__x86_64__) || defined(__aarch64__)

constexpr bool known_processor = true;
extern "C" long brood_clone3(const clone_args* how, std::size_t size, int (*entry)(void*),
                             void* argument) noexcept;

#else

constexpr bool known_processor = false;
long brood_clone3(const clone_args*, std::size_t, int (*)(void*), void*) noexcept {
  return -ENOSYS;
}

#endif

constexpr std::uint64_t clear_handlers = 1ULL << 32;   // CLONE_CLEAR_SIGHAND, Linux 5.5
constexpr std::uint64_t into_cgroup = 1ULL << 33;      // CLONE_INTO_CGROUP, Linux 5.7
constexpr std::uint64_t only_clone3 = ~0xFFFFFF00ULL;  // clone(2) has the signal there

// What was refused, though other calls of the kind are allowed.
std::atomic<bool> no_clone3{false};
std::atomic<bool> no_clone_pidfd{false};

class attempt {
 public:
  explicit attempt(const clone_request& how) noexcept
      : how_(how),
        plan_(*how.start.plan),
        report_(*how.start.report),
        flags_(plan_.clone_flags | CLONE_VM) {
    if (how.wait) flags_ |= CLONE_VFORK;
    if (how.busy) flags_ |= CLONE_CHILD_CLEARTID;
  }

  // The kernel clears the handlers as it makes the child, which saves the child asking after each
  // of 62: a sixth of the cost of a start.
  int by_clone3(int& pidfd) noexcept {
    if (const int e = sys::fault("clone3")) return -e;
    clone_args a{};
    a.flags = flags_ | CLONE_PIDFD | clear_handlers;
    a.pidfd = reinterpret_cast<std::uintptr_t>(&pidfd);
    a.child_tid = reinterpret_cast<std::uintptr_t>(how_.busy);
    a.exit_signal = SIGCHLD;
    a.stack = reinterpret_cast<std::uintptr_t>(how_.stack);
    a.stack_size = how_.stack_size;
    if (plan_.cgroup_fd >= 0) {
      a.flags |= into_cgroup;
      a.cgroup = static_cast<std::uint64_t>(plan_.cgroup_fd);
    }
    report_.handlers_cleared = true;
    report_.joins_cgroup = false;
    return static_cast<int>(brood_clone3(&a, sizeof a, child_main, &how_.start));
  }

  int by_clone(int* pidfd) noexcept {
    if (flags_ & only_clone3) return -EINVAL;
    report_.handlers_cleared = false;
    report_.joins_cgroup = plan_.cgroup_fd >= 0;
    const int flags = static_cast<int>(flags_) | SIGCHLD | (pidfd ? CLONE_PIDFD : 0);
    return sys::call("clone", [&] {
      return clone_call(child_main, static_cast<char*>(how_.stack) + how_.stack_size, flags,
                        &how_.start, pidfd, nullptr, how_.busy);
    });
  }

 private:
  const clone_request& how_;
  const plan_view& plan_;
  child_report& report_;
  std::uint64_t flags_;
};

// A refusal may be for a flag of the plan's own: then it says nothing of the next plan.
bool is_plain(const plan_view& plan) noexcept {
  return plan.clone_flags == 0 && plan.cgroup_fd < 0;
}

void remember(std::atomic<bool>& refused, int first, const clone_request& how) noexcept {
  if (first < 0 && !is_shortage(-first) && is_plain(*how.start.plan)) {
    refused.store(true, std::memory_order_relaxed);
  }
}

int probe_child(child_report& report) noexcept {
  alignas(16) char stack[4096];
  const sys::signals_blocked guard;
  return sys::call("clone", [&] {
    return clone_call(probe_entry, stack + sizeof stack, CLONE_VM | CLONE_VFORK | SIGCHLD, &report);
  });
}

enum : int { unknown, shares, copies };

}  // namespace

bool is_shortage(int os) noexcept {
  return os == EAGAIN || os == ENOMEM || os == EMFILE || os == ENFILE || os == EINTR;
}

int clone_child(const clone_request& how, sys::fd& pidfd) noexcept {
  attempt a(how);
  const sys::signals_blocked guard;
  int number = -1;
  int first = 0;
  int pid = -ENOSYS;
  if (!no_clone3.load(std::memory_order_relaxed)) pid = first = a.by_clone3(number);
  if (pid < 0) {
    int second = 0;
    if (!no_clone_pidfd.load(std::memory_order_relaxed)) pid = second = a.by_clone(&number);
    if (pid < 0 && !is_shortage(-pid)) {
      number = -1;
      pid = a.by_clone(nullptr);
      if (pid > 0) remember(no_clone_pidfd, second, how);
    }
    if (pid > 0) remember(no_clone3, first, how);
    if (pid < 0 && how.start.plan->clone_flags & only_clone3) pid = first;
  }
  if (pid > 0) pidfd.reset(sys::above_standard(number >= 0 ? number : sys::open_pidfd(pid)));
  return pid;
}

int fork_with_flags(std::uint64_t flags) noexcept {
  if (flags == 0) return sys::call("fork", [] { return ::fork(); });
  if (const int e = sys::fault("fork")) return -e;
  clone_args a{};
  a.flags = flags;
  a.exit_signal = SIGCHLD;
  long r = ::syscall(SYS_clone3, &a, sizeof a);
  if (r < 0 && !(flags & only_clone3)) {
    r = ::syscall(SYS_clone, static_cast<long>(flags | SIGCHLD), 0L, 0L, 0L, 0L);
  }
  return r < 0 ? -errno : static_cast<int>(r);
}

// Emulators (qemu-user, WSL 1) turn vfork into fork, and a failure before exec would be lost. They
// lack clone3, which costs nothing to ask for, and which a kernel that has it finds too short a
// question; only where the answer is another a real child is tried, once per process.
bool memory_is_shared() noexcept {
  static std::atomic<int> known{unknown};
  int k = known.load(std::memory_order_relaxed);
  if (k != unknown) return k == shares;
  if (::syscall(SYS_clone3, nullptr, 0) < 0 && errno == EINVAL) {
    k = shares;
  } else {
    child_report probe;
    const int pid = probe_child(probe);
    if (pid < 0 && is_shortage(-pid)) return false;  // for now: that is not an answer
    if (pid > 0) sys::reap_for_certain(pid, -1);
    k = probe.started ? shares : copies;
  }
  known.store(k, std::memory_order_relaxed);
  return k == shares;
}

bool may_run_beside() noexcept { return known_processor; }

}  // namespace brood::detail
