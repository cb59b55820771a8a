// From options to a request: names become numbers, defaults are filled in.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <brood/error.hpp>

#include "process/execution.hpp"
#include "spawn/spawn_spec.hpp"

namespace brood::detail {

/// All that is known before the streams are open.
struct resolved_spec {
  spawn_spec start;
  std::vector<std::string> degraded;  ///< what best_effort left out
};

/// Fills `resolved`, which is empty before. Errors: usage_error, spawn_error.
/// \param level  the containment in force.
std::optional<error> resolve(const execution_spec& spec, containment level,
                             resolved_spec& resolved);

}  // namespace brood::detail
