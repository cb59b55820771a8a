// Estimates and their spelling.
// SPDX-License-Identifier: Apache-2.0
#include "map/eta.hpp"

#include <array>
#include <cmath>
#include <cstdio>

#include "report.hpp"

namespace cli {

namespace {

/// `seconds` in two units, the larger of which is `most` smaller ones.
std::string in_two(double seconds, double smaller, double most, const char* format) {
  const double units = std::round(seconds / smaller);
  const double large = std::floor(units / most);
  std::array<char, 64> text;
  const int n = std::snprintf(text.data(), text.size(), format, large, units - large * most);
  return n > 0 ? std::string(text.data()) : std::string();
}

}  // namespace

std::optional<double> rate_of(const progress_stats& h) {
  if (h.done == 0 || !(h.seconds > 0)) return {};
  return static_cast<double>(h.done) / h.seconds;
}

std::optional<double> seconds_left(const progress_stats& h) {
  const auto rate = rate_of(h);
  if (!rate || !h.left) return {};
  return static_cast<double>(*h.left) / *rate;
}

std::string spell_seconds(double seconds) {
  if (seconds < 9.95) return to_text("%.1f s", seconds);
  if (seconds < 59.5) return to_text("%.0f s", seconds);
  if (seconds < 3599.5) return in_two(seconds, 1, 60, "%.0f min %.0f s");
  if (seconds < 86370) return in_two(seconds, 60, 60, "%.0f h %.0f min");
  return in_two(seconds, 3600, 24, "%.0f d %.0f h");
}

std::string spell_rate(double per_second) {
  if (per_second >= 9.95) return to_text("%.0f/s", per_second);
  if (per_second >= 1) return to_text("%.1f/s", per_second);
  if (per_second >= 1.0 / 60) return to_text("%.0f/min", per_second * 60);
  return to_text("%.0f/h", per_second * 3600);
}

}  // namespace cli
