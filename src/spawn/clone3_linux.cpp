// clone3(2) in assembler: the child returns from the call on a stack without a frame to return to.
// SPDX-License-Identifier: Apache-2.0
#include <cerrno>
#include <cstddef>

#include "spawn/clone3.hpp"

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

#if defined(__x86_64__) || defined(__aarch64__)

extern "C" long brood_clone3(const clone_args* how, std::size_t size, int (*entry)(void*),
                             void* argument) noexcept;

long clone3(const clone_args& how, int (*entry)(void*), void* argument) noexcept {
  return brood_clone3(&how, sizeof how, entry, argument);
}

#else

long clone3(const clone_args&, int (*)(void*), void*) noexcept { return -ENOSYS; }

#endif

}  // namespace brood::detail
