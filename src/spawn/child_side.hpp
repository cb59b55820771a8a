// The code that runs in the child between clone and exec.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>

#include "spawn/plan_view.hpp"

namespace brood::detail {

/// How the child tells its parent what happened: memory that both share, or a pipe, in which each
/// child_note is the place it has come to, and one with an errno the last.
struct child_report {
  volatile bool started = false;     ///< set first: the parent sees it only if memory is shared
  bool handlers_cleared = false;     ///< by the kernel, as it made the child
  bool joins_cgroup = false;         ///< the child does so itself
  std::atomic<std::uint32_t> at{0};  ///< the step it is at; beyond the last one: exec
  child_error error;
  int pipe = -1;  ///< -1: none
};

struct child_note {
  std::uint32_t stage;
  std::int32_t os;  ///< 0: not an end, but a step that may take long
  std::uint32_t step;
};

struct child_start {
  const plan_view* plan;
  child_report* report;
};

/// Carry out the steps of a child_start, then exec; as clone(2) calls it, it does not return. Raw
/// system calls over the plan only: no allocation, no lock, no library state, as the parent's other
/// threads may hold any of it and its memory is ours too. All signals are blocked; the last act
/// before exec lets them in. In an object of its own, which no sanitizer instruments.
int child_main(void* start) noexcept;
/// Only notes that it ran, in a child_report, and exits.
int probe_entry(void* report) noexcept;

}  // namespace brood::detail
