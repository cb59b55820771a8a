// System calls for the child between clone and exec: no errno, which is its parent's.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#if !defined(__linux__) || !(defined(__x86_64__) || defined(__aarch64__)) || !defined(__LP64__)
#include <errno.h>
#include <unistd.h>
#endif

namespace brood::detail {

inline long word(long value) noexcept { return value; }
inline long word(const volatile void* pointer) noexcept { return reinterpret_cast<long>(pointer); }

#if defined(__linux__) && defined(__x86_64__) && defined(__LP64__)

/// \return what the kernel does: the result, or the negative errno.
inline long raw_call(long number, long a, long b, long c, long d, long e) noexcept {
  register long fourth asm("r10") = d;
  register long fifth asm("r8") = e;
  long result = number;
  asm volatile("syscall"
               : "+a"(result)
               : "D"(a), "S"(b), "d"(c), "r"(fourth), "r"(fifth)
               : "rcx", "r11", "memory");
  return result;
}

#elif defined(__linux__) && defined(__aarch64__) && defined(__LP64__)

inline long raw_call(long number, long a, long b, long c, long d, long e) noexcept {
  register long which asm("x8") = number;
  register long first asm("x0") = a;
  register long second asm("x1") = b;
  register long third asm("x2") = c;
  register long fourth asm("x3") = d;
  register long fifth asm("x4") = e;
  asm volatile("svc #0"
               : "+r"(first)
               : "r"(which), "r"(second), "r"(third), "r"(fourth), "r"(fifth)
               : "memory");
  return first;
}

#else

// There the parent always waits (clone3() is not known), and its errno may be used.
inline long raw_call(long number, long a, long b, long c, long d, long e) noexcept {
  const long result = ::syscall(number, a, b, c, d, e);
  return result < 0 ? -errno : result;
}

#endif

/// A system call of up to five numbers and pointers.
template <class... A>
long raw_call(long number, A... arguments) noexcept {
  static_assert(sizeof...(A) <= 5);
  const long all[5] = {word(arguments)...};
  return raw_call(number, all[0], all[1], all[2], all[3], all[4]);
}

}  // namespace brood::detail
