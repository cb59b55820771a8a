// One of the places in which jobs run.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "map/batch.hpp"

namespace cli {

struct batch::slot {
  slot(int n, const map_settings& s, const interrupts& wake)
      : number(n), output(std::make_unique<slot_output>(s, wake)) {}

  int number;  // from 1
  std::unique_ptr<slot_output> output;
  std::unique_ptr<map_job> job;
  brood::job handle;  // none: free
  std::string tag;
  std::optional<brood::reason> why;  // we had it cancelled
};

std::int64_t monotonic_now();
/// Since 1970, in ns.
std::int64_t calendar_now();

}  // namespace cli
