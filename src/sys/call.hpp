// The seam through which every system call of this library goes, so that tests can make it fail.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cerrno>

namespace brood::detail::sys {

/// Asked before each system call; a result other than 0 is the errno it fails with instead.
using fault_function = int (*)(const char* call) noexcept;
inline std::atomic<fault_function> fault_hook{nullptr};

inline int fault(const char* call) noexcept {
  const fault_function f = fault_hook.load(std::memory_order_relaxed);
  return f ? f(call) : 0;
}

/// Make a call: its result, or the negative errno. Everything in src/sys speaks that way.
template <class F>
auto call(const char* name, F f) noexcept -> decltype(f()) {
  using result = decltype(f());
  if (const int e = fault(name)) return static_cast<result>(-e);
  const result r = f();
  return r < 0 ? static_cast<result>(-errno) : r;
}

/// As call(), again after EINTR.
template <class F>
auto retry(const char* name, F f) noexcept -> decltype(f()) {
  for (;;) {
    const auto r = call(name, f);
    if (r != -EINTR) return r;
  }
}

/// Whether a call that ended so may be one that is not to be had here: the errors by which kernels
/// that lack it, seccomp filters and emulators refuse a call. Trying again does not help; another
/// call for the same purpose may, and tells a refusal from a real lack of permission.
inline bool may_be_refusal(long r) noexcept {
  return r == -ENOSYS || r == -EPERM || r == -EINVAL || r == -EACCES || r == -EOPNOTSUPP;
}

/// Whether a call that ended so may go well when it is made again.
inline bool may_pass(long r) noexcept {
  return r == -EINTR || r == -EAGAIN || r == -ENOMEM || r == -EMFILE || r == -ENFILE;
}

}  // namespace brood::detail::sys
