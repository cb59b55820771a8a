// A plan whose descriptors go to a guardian over its channel.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "spawn/plan.hpp"

namespace brood::detail {

/// A guardian that is there already cannot inherit a plan's descriptors. They are sent, and put
/// there under numbers that are above all that the command is to have: so no move of the new plan
/// overwrites what another still needs.
struct passed_plan {
  std::vector<int> sources;  ///< our numbers...
  int first = 0;             ///< ...are the guardian's `first` and those after it
  std::vector<step> steps;
  plan_view view{};

  passed_plan() = default;
  passed_plan(const passed_plan&) = delete;
  passed_plan& operator=(const passed_plan&) = delete;
  passed_plan(passed_plan&&) = default;  // a moved vector keeps its memory: the view stays right
  passed_plan& operator=(passed_plan&&) = default;
};

/// None for a plan that cannot be passed on: its command inherits descriptors that it does not
/// name, or its moves form a cycle.
std::optional<passed_plan> pass_on(const plan_view& plan);

}  // namespace brood::detail
