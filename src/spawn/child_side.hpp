// The code that runs in the child between clone and exec.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "spawn/plan_view.hpp"

namespace brood::detail {

/// How the child tells its parent what happened: memory that both share, or a pipe.
struct child_report {
  volatile bool started = false;  ///< set first: the parent sees it only if memory is shared
  bool handlers_cleared = false;  ///< by the kernel, as it made the child
  child_error error;
  int pipe = -1;  ///< where to write `error` as well; -1: nowhere
};

/// Carry out the steps, then exec. Raw system calls over `plan` only: no allocation, no lock, no
/// library state, as the parent's other threads may hold any of it and its memory is ours too.
[[noreturn]] void child_main(const plan_view& plan, child_report& report) noexcept;

/// child_main() as clone(2) calls it. In the child's object, which no sanitizer instruments.
struct child_start {
  const plan_view* plan;
  child_report* report;
};
int child_entry(void* start) noexcept;
/// Only notes that it ran, in a child_report, and exits.
int probe_entry(void* report) noexcept;

}  // namespace brood::detail
