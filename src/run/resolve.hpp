// From options to a request: names become numbers, defaults are filled in.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include <brood/command.hpp>
#include <brood/error.hpp>
#include <brood/expected.hpp>
#include <brood/options.hpp>

#include "spawn/spawn_spec.hpp"

namespace brood::detail {

/// All of the request but the streams' moves. Borrows the strings of `cmd`.
/// \param degraded  receives what best_effort left out.
expected<spawn_spec, error> resolve(const command& cmd, const options& o,
                                    std::vector<std::string>& degraded);

}  // namespace brood::detail
