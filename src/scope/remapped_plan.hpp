// A plan whose descriptors go to a guardian over its channel.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include "spawn/plan_view.hpp"

namespace brood::detail {

/// A guardian that is there already cannot inherit a plan's descriptors. They are sent, and put
/// there under numbers that are above all that the command is to have: so no move of the new plan
/// overwrites what another still needs.
struct remapped_plan {
  std::vector<int> sources;  ///< our numbers...
  int first = 0;             ///< ...are the guardian's `first` and those after it
  std::vector<step> steps;
  plan_view view{};

  remapped_plan() = default;
  remapped_plan(const remapped_plan&) = delete;
  remapped_plan& operator=(const remapped_plan&) = delete;
  remapped_plan(remapped_plan&&) =
      default;  // a moved vector keeps its memory: the view stays right
  remapped_plan& operator=(remapped_plan&&) = default;
};

/// None for a plan that cannot be passed on: its command inherits descriptors that it does not
/// name.
std::optional<remapped_plan> remap_fds(const plan_view& plan);

}  // namespace brood::detail
