// Starting a planned child: the parent's side of clone and exec.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "spawn/plan_view.hpp"

namespace brood::detail {

struct launched {
  int pid = -1;
  int pidfd = -1;       ///< owned by whoever gets this; -1 on the portable path
  std::int64_t at = 0;  ///< monotonic ns of the start
  child_error error;    ///< error.os != 0: there is no child (any more)
};

/// Start the child and return once it has exec'ed, or with the reason why it did not.
/// Takes no lock, allocates nothing, leaves no child behind when it fails.
launched launch(const plan_view& plan) noexcept;

/// The pidfd that the kernel gave, as `launched` has it: not in the place of a standard stream.
void settle_pidfd(launched& l) noexcept;

/// Whether launch() shares memory with the child; false: it forks.
bool launches_natively(bool portable) noexcept;

/// Whether BROOD_BACKEND=posix asks for the portable back end.
bool portable_backend() noexcept;

/// fork(2) with an error pipe: where memory cannot be shared with the child.
launched launch_by_fork(const plan_view& plan) noexcept;

}  // namespace brood::detail
