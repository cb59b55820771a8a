// The line that says how a batch has ended.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace cli {

struct batch_outcome {
  std::uint64_t ok = 0;
  std::uint64_t failed = 0;
  std::uint64_t stopped = 0;
  std::uint64_t skipped = 0;                      ///< an earlier run has done them
  std::optional<std::uint64_t> not_started = 0U;  ///< absent: some, but nobody knows how many
  bool journal = false;                           ///< there is a record, and --resume reads it
};

/// "11 ok, 1 failed, 3 stopped, 15 not started; --resume goes on"
std::string to_text(const batch_outcome& o);

}  // namespace cli
