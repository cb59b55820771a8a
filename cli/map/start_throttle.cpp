// Asks the clock, the load average and the free memory whether a job may start.
// SPDX-License-Identifier: Apache-2.0
#include "map/start_throttle.hpp"

#include <cstdlib>

#include <brood/pool.hpp>

#include "exit.hpp"
#include "report.hpp"

namespace cli {

namespace {

constexpr std::int64_t second = 1'000'000'000;

}  // namespace

start_throttle::start_throttle(const map_settings& s) : settings_(s) {
  if (s.free_memory && !brood::available_memory()) {
    throw failure{"map: --memfree: /proc/meminfo does not say how much memory is available"};
  }
}

std::int64_t start_throttle::closed_until(std::int64_t now) {
  if (settings_.delay.given() && last_start_ != INT64_MIN) {
    const std::int64_t next = last_start_ + settings_.delay.nanoseconds();
    if (now < next) return next;
  }
  if (!settings_.load && !settings_.free_memory) return 0;
  // The load average rises slowly, so only one job starts between two looks at it.
  if (looked_ == INT64_MIN || now - looked_ >= second || last_start_ >= looked_) {
    if (looked_ != INT64_MIN && now - looked_ < second / 10) return looked_ + second / 10;
    looked_ = now;
    reason_ = look();
  }
  return reason_.empty() ? 0 : looked_ + second;
}

std::string start_throttle::look() const {
  double load = 0;
  if (settings_.load && ::getloadavg(&load, 1) == 1 && load >= *settings_.load) {
    return "a load below " + to_text("%.3g", *settings_.load) + " (" + to_text("%.3g", load) + ")";
  }
  if (!settings_.free_memory) return {};
  const std::uint64_t memory = brood::available_memory().value_or(0);
  if (memory >= *settings_.free_memory) return {};
  const auto mib = [](std::uint64_t bytes) {
    return to_text("%.4g", static_cast<double>(bytes) / (1 << 20)) + " MiB";
  };
  return mib(*settings_.free_memory) + " of free memory (" + mib(memory) + ")";
}

}  // namespace cli
