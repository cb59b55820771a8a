// What helps those who start many commands from one thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "scope/guardian_pool.hpp"
#include "spawn/pending_exec.hpp"

namespace brood::detail {

/// For one thread; outlives the processes that it helped to start.
struct spawn_resources {
  child_stack_pool stacks;  ///< for children of ours
  guardian_pool guardians;  ///< for sealed commands
};

}  // namespace brood::detail
