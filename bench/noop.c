// A program that only exits with 0, without a C library.
// SPDX-License-Identifier: Apache-2.0
#include <sys/syscall.h>

__attribute__((noreturn)) void _start(void) {
#if defined(__x86_64__)
  register long number __asm__("rax") = SYS_exit_group;
  register long status __asm__("rdi") = 0;
  __asm__ volatile("syscall" : : "r"(number), "r"(status) : "rcx", "r11", "memory");
#elif defined(__aarch64__)
  register long number __asm__("x8") = SYS_exit_group;
  register long status __asm__("x0") = 0;
  __asm__ volatile("svc 0" : : "r"(number), "r"(status) : "memory");
#endif
  __builtin_unreachable();
}
