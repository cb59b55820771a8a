// A child in its parent's memory, by clone3(2), for which glibc has no wrapper, or by clone(2).
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>

#include "spawn/child_side.hpp"
#include "sys/fd.hpp"

namespace brood::detail {

/// How to make a child that shares our memory. All signals are blocked meanwhile.
struct clone_request {
  child_start& start;  ///< as the stack, the child's until it is over
  void* stack;
  std::size_t stack_size;
  std::atomic<int>* busy = nullptr;  ///< cleared by the kernel at exec or exit
  bool wait = false;                 ///< until then: CLONE_VFORK
};

/// With a pidfd where there is one to be had. What is refused here is not asked for again, each for
/// itself: clone3, CLONE_PIDFD; clone(2) stands in for the first, pidfd_open(2) for the second.
/// \return the pid or the negative errno.
int clone_child(const clone_request& how, sys::fd& pidfd) noexcept;

/// As fork(2), with the plan's `flags`: 0 in the child, which has a copy of our memory.
int fork_with_flags(std::uint64_t flags) noexcept;

/// Whether a child that asks for it does share our memory; found out once.
bool memory_is_shared() noexcept;
/// Whether a child may run beside us on this processor: it must not touch our errno.
bool may_run_beside() noexcept;
/// Of an errno: no memory, no descriptors, no processes. Another way would not help.
bool is_shortage(int os) noexcept;

}  // namespace brood::detail
