// System calls for programs without a C library, whose own start should cost
// next to nothing. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/syscall.h>

static inline long call(long number, long a, long b, long c) {
#if defined(__x86_64__)
  long result;
  __asm__ volatile("syscall"
                   : "=a"(result)
                   : "a"(number), "D"(a), "S"(b), "d"(c)
                   : "rcx", "r11", "memory");
  return result;
#elif defined(__aarch64__)
  register long x8 __asm__("x8") = number;
  register long x0 __asm__("x0") = a;
  register long x1 __asm__("x1") = b;
  register long x2 __asm__("x2") = c;
  __asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2) : "memory");
  return x0;
#endif
}

__attribute__((noreturn)) static inline void leave(long status) {
  for (;;) call(SYS_exit_group, status, 0, 0);
}
