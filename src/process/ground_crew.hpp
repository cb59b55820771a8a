// What helps those who start many commands from one thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "process/idle_guardians.hpp"
#include "spawn/launch_pads.hpp"

namespace brood::detail {

/// For one thread; outlives the processes that it helped to start.
struct ground_crew {
  launch_pads pads;          ///< for children of ours
  idle_guardians guardians;  ///< for sealed commands
};

}  // namespace brood::detail
