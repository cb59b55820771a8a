// clone3(2) in assembler: the child returns from the call on a stack without a frame to return to.
// SPDX-License-Identifier: Apache-2.0
#include <sched.h>
#include <signal.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>

#include "spawn/clone3.hpp"
#include "sys/call.hpp"

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

#if defined(__x86_64__) || defined(__aarch64__)

extern "C" long brood_clone3(const clone_args* how, std::size_t size, int (*entry)(void*),
                             void* argument) noexcept;

#else

long brood_clone3(const clone_args*, std::size_t, int (*)(void*), void*) noexcept {
  return -ENOSYS;
}

#endif

constexpr std::uint64_t clear_handlers = 1ULL << 32;  // CLONE_CLEAR_SIGHAND, Linux 5.5

}  // namespace

// The kernel clears the handlers as it makes the child, which saves the child asking after each of
// 62: a sixth of the cost of a start.
int clone3(clone_args how, child_start& start) noexcept {
  if (const int e = sys::fault("clone3")) return -e;
  how.flags |= CLONE_VM | CLONE_PIDFD | clear_handlers;
  how.exit_signal = SIGCHLD;
  start.report->handlers_cleared = true;
  const long r = brood_clone3(&how, sizeof how, child_entry, &start);
  if (r < 0) start.report->handlers_cleared = false;
  return static_cast<int>(r);
}

bool lacks_clone3(int result) noexcept {
  return result == -ENOSYS || result == -EINVAL || result == -EPERM;
}

}  // namespace brood::detail
