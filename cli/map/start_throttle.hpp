// --delay, --load and --memfree: may a job start now?
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "map/settings.hpp"

namespace cli {

class start_throttle {
 public:
  explicit start_throttle(const map_settings& s);
  /// Monotonic ns: 0 if a job may start now, else when to ask again.
  std::int64_t closed_until(std::int64_t now);
  /// There is anything to ask for.
  bool in_use() const { return settings_.delay.given() || settings_.load || settings_.free_memory; }
  /// What is waited for, as of the last look: "a load below 4 (5.2)"; empty if nothing is.
  const std::string& reason() const { return reason_; }
  /// A job has been started.
  void passed(std::int64_t now) { last_start_ = now; }

 private:
  std::string look() const;

  const map_settings& settings_;
  std::int64_t last_start_ = INT64_MIN;
  std::int64_t looked_ = INT64_MIN;
  std::string reason_;  // of the last look; empty: a job may start
};

}  // namespace cli
