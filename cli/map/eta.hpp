// Estimates of a batch's speed and remaining time, and times as people say them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace cli {

struct progress_stats {
  std::uint64_t done = 0;             ///< jobs that were run; skipped ones took no time
  std::optional<std::uint64_t> left;  ///< if the number of jobs is known
  double seconds = 0;                 ///< since the start
};

/// Jobs per second; nothing before the first job has ended.
std::optional<double> rate_of(const progress_stats& h);
std::optional<double> seconds_left(const progress_stats& h);

/// "0.4 s", "12 s", "3 min 20 s", "2 h 5 min", "4 d 3 h".
std::string spell_seconds(double seconds);
/// "250/s", "2.5/s", "12/min", "3/h".
std::string spell_rate(double per_second);

}  // namespace cli
