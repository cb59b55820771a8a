// The caller's mistakes about signals and stop ladders.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include <brood/error.hpp>
#include <brood/options.hpp>

#include "base/ladder_steps.hpp"

namespace brood::detail {

/// A limit that is a span of time: not a number, negative, 0 where that is no limit, or beyond what
/// can be counted.
std::optional<error> find_mistake(duration d, const char* name, bool zero_allowed);
std::optional<error> find_mistake(const std::vector<stop_step>& ladder);
/// As plain data. Errors: usage_error.
ladder_steps checked_ladder(const std::vector<stop_step>& ladder);
/// 0, which only asks whether it could be sent, to 64. Errors: usage_error.
void check_signal(int signal);

}  // namespace brood::detail
