// One of the places in which jobs run, or wait in the pool, one at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "map/batch.hpp"
#include "map/block_feed.hpp"

namespace cli {

struct batch::slot {
  slot(int n, const map_settings& s, const stop_signals& wake)
      : index(n), output(std::make_unique<slot_output>(s, wake)) {}

  int index;
  int number = 0;  // from 1; 0: the job has not started, and will in the place of one that ends
  std::unique_ptr<slot_output> output;
  std::unique_ptr<map_job> job;
  std::unique_ptr<block_feed> feed;  // of its stdin, if that is a part of a file
  brood::job handle;                 // empty: the slot is free
  std::string tag;
  std::optional<brood::reason> why;  // why we cancelled the job
};

}  // namespace cli
