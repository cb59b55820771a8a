// One of the places in which jobs run, one at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "map/batch.hpp"

namespace cli {

struct batch::slot {
  slot(int n, const map_settings& s, const stop_signals& wake)
      : number(n), output(std::make_unique<slot_output>(s, wake)) {}

  int number;  // from 1
  std::unique_ptr<slot_output> output;
  std::unique_ptr<map_job> job;
  brood::job handle;  // empty: the slot is free
  std::string tag;
  std::optional<brood::reason> why;  // why we cancelled the job
};

}  // namespace cli
