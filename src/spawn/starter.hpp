// What the two ways to start a child, and what waits for it, have in common.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "spawn/launch.hpp"

namespace brood::detail {

/// Fills a child_memory. Each way fails with a started_at of 0 if there never was a child.
struct starter {
  starter(const plan_view& plan, child_memory& m) noexcept;

  /// In our memory, beside us.
  child_handle clone() noexcept;
  /// In a copy of it, with a pipe for its notes.
  child_handle fork() noexcept;

  child_memory& memory;

 private:
  int fork_here(int pipe) noexcept;
};

/// It failed: reap it, so that only the error is left.
void drop_child(child_handle& child, const child_error& why) noexcept;

}  // namespace brood::detail
