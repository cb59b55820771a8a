// From options to a request: names become numbers, defaults are filled in.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include <brood/error.hpp>
#include <brood/expected.hpp>

#include "process/execution.hpp"
#include "spawn/spawn_spec.hpp"

namespace brood::detail {

/// All that is known before the streams are open.
struct resolved_spec {
  spawn_spec start;
  std::vector<std::string> degraded;  ///< what best_effort left out
};

/// \param level  the containment in force.
expected<resolved_spec, error> resolve(const execution_spec& spec, containment level);

}  // namespace brood::detail
