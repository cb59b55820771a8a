// Starting a planned child: the parent's side of clone and exec.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/deadline.hpp"
#include "spawn/child_side.hpp"
#include "spawn/plan_view.hpp"
#include "sys/backend.hpp"
#include "sys/fd.hpp"
#include "sys/pid_ref.hpp"

namespace brood::detail {

/// A child, or why there is none.
struct child_handle {
  sys::pid_ref ref{};           ///< without a pidfd on the portable path
  std::int64_t started_at = 0;  ///< monotonic ns
  child_error error{};          ///< error.os != 0: there is no child (any more)
};

/// What a child that is between clone and exec uses of its parent's. Must stay where it is, and as
/// it is, until over(); so must the plan. One start after another.
class child_memory {
 public:
  child_memory() noexcept = default;
  child_memory(const child_memory&) = delete;
  child_memory& operator=(const child_memory&) = delete;

  /// The child has exec'ed, or ended before that: nothing of ours is used any more.
  bool over() const noexcept;
  /// Wait until it is over, or until `until`; whether it is.
  bool await(deadline until) const noexcept;
  /// Readable once it is over; -1: there is no such event, only await().
  int event_fd() const noexcept { return notes_.get(); }
  /// Once it is over, why there was no exec; os == 0: there was. A child that a signal ended before
  /// has EINTR. The child itself is to be reaped as any other.
  child_error outcome() const noexcept;
  /// Before: the step that it is at, as an error with `os` would name it.
  child_error progress(int os) const noexcept;
  /// Whether the child uses it at all: one that was forked has a copy.
  bool shared() const noexcept { return shared_; }

 private:
  friend struct starter;

  // It needs under 2 KiB: most for the list of what is open.
  static constexpr std::size_t stack_size = 8 * 1024;

  void take_notes() const noexcept;

  alignas(16) std::byte stack_[stack_size];
  std::atomic<int> busy_{0};  // cleared by the kernel at exec or exit: CLONE_CHILD_CLEARTID
  plan_view plan_{};
  mutable child_report report_;
  child_start start_{&plan_, &report_};
  bool shared_ = false;
  mutable bool notes_end_ = true;  // of one that was forked: all was read
  sys::fd notes_;                  // what it writes
};

/// Start the child and return once it has exec'ed, or with the reason why it did not. Takes no
/// lock, allocates nothing, leaves no child behind when it fails. Not for a plan with a rendezvous:
/// nobody would be there to come.
child_handle launch(const plan_view& plan) noexcept;

/// Start the child and return at once: whether it exec'ed is said by `memory`. An error in what is
/// returned means that there is no child, and that `memory` is free again.
child_handle launch_beside(const plan_view& plan, child_memory& memory) noexcept;

/// Whether a launch shares memory with the child, if that stays the same user; false: it forks.
bool launches_natively(bool portable) noexcept;

/// Whether BROOD_BACKEND=posix asks for the portable back end.
inline bool portable_backend() noexcept { return sys::wants_posix_backend(); }

}  // namespace brood::detail
