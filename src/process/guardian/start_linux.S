/* The guardian without glibc, its assembler: entry, system calls, clone, and what the compiler calls. */
/* SPDX-License-Identifier: Apache-2.0 */

    .macro function name
    .section .text.\name, "ax", %progbits
    .balign 16
    .global \name
    .type \name, %function
\name:
    .endm

    .macro end name
    .size \name, . - \name
    .endm

#if defined __x86_64__ && defined __LP64__

function _start                 /* brood_start(stack): never returns */
    xor %ebp, %ebp
    mov %rsp, %rdi
    and $-16, %rsp
    call brood_start
    hlt
end _start

function syscall                /* long syscall(long number, up to six arguments) */
    mov %rdi, %rax
    mov %rsi, %rdi
    mov %rdx, %rsi
    mov %rcx, %rdx
    mov %r8, %r10
    mov %r9, %r8
    mov 8(%rsp), %r9
    syscall
    mov %rax, %rdi
    jmp brood_result
end syscall

function __clone                /* int __clone(entry, stack, flags, argument, parent_tid, tls, child_tid) */
    mov %rdi, %r11              /* r11 is lost to the call, r9 is not */
    mov %rdx, %rdi
    mov %r8, %rdx
    mov %r9, %r8
    mov 8(%rsp), %r10
    mov %r11, %r9
    and $-16, %rsi
    sub $8, %rsi
    mov %rcx, (%rsi)
    mov $56, %eax
    syscall
    mov %rax, %rdi
    test %eax, %eax
    jnz brood_result
    xor %ebp, %ebp              /* the child, on its own stack */
    pop %rdi
    call *%r9
    mov %eax, %edi
    mov $231, %eax
    syscall
    hlt
end __clone

function memcpy
    mov %rdi, %rax
    mov %rdx, %rcx
    rep movsb
    ret
end memcpy

function memset
    mov %rdi, %r8
    mov %esi, %eax
    mov %rdx, %rcx
    rep stosb
    mov %r8, %rax
    ret
end memset

#elif defined __aarch64__ && defined __LP64__

function _start                 /* brood_start(stack): never returns */
    mov x29, xzr
    mov x30, xzr
    mov x0, sp
    and x1, x0, #-16
    mov sp, x1
    bl brood_start
    brk #0
end _start

function syscall                /* long syscall(long number, up to six arguments) */
    mov x8, x0
    mov x0, x1
    mov x1, x2
    mov x2, x3
    mov x3, x4
    mov x4, x5
    mov x5, x6
    svc #0
    b brood_result
end syscall

function __clone                /* int __clone(entry, stack, flags, argument, parent_tid, tls, child_tid) */
    and x1, x1, #-16
    stp x0, x3, [x1, #-16]!
    uxtw x0, w2
    mov x2, x4
    mov x3, x5
    mov x4, x6
    mov x8, #220
    svc #0
    cbz x0, 1f
    b brood_result
1:  mov x29, xzr                /* the child, on its own stack */
    ldp x1, x0, [sp], #16
    blr x1
    mov x8, #94
    svc #0
    brk #0
end __clone

function memcpy
    mov x3, x0
1:  cbz x2, 2f
    ldrb w4, [x1], #1
    strb w4, [x3], #1
    sub x2, x2, #1
    b 1b
2:  ret
end memcpy

function memset
    mov x3, x0
1:  cbz x2, 2f
    strb w1, [x3], #1
    sub x2, x2, #1
    b 1b
2:  ret
end memset

#else
#error "no start code for this architecture"
#endif

    .section .note.GNU-stack, "", %progbits
