// Checking signals and ladders.
// SPDX-License-Identifier: Apache-2.0
#include "process/stop_mistakes.hpp"

#include "base/make_error.hpp"
#include "process/execution.hpp"

namespace brood::detail {

std::optional<error> find_mistake(duration d, const char* name, bool zero_allowed) {
  if (!d.given()) return {};
  if (d.not_a_number()) return bad_request(name, "not a number");
  if (d.nanoseconds() < 0) return bad_request(name, "must not be negative");
  if (d.nanoseconds() == 0 && !zero_allowed) return bad_request(name, "must be more than 0");
  if (d.too_large()) return bad_request(name, "beyond 292 years; leave it out for no limit");
  return {};
}

std::optional<error> find_mistake(const std::vector<stop_step>& ladder) {
  if (ladder.empty()) return bad_request("stop", "a ladder needs at least one step");
  if (ladder.size() >= static_cast<std::size_t>(most_rungs)) {
    return bad_request("stop", "more than " + std::to_string(most_rungs - 1) + " steps");
  }
  for (const stop_step& s : ladder) {
    if (s.signal < 1 || s.signal > 64) {
      return bad_request("stop", std::to_string(s.signal) + " is not a signal");
    }
    if (auto m = find_mistake(s.grace, "stop", true)) return m;
  }
  return {};
}

ladder_steps checked_ladder(const std::vector<stop_step>& ladder) {
  if (const auto m = find_mistake(ladder)) m->raise();
  return flatten(ladder);
}

void check_signal(int signal) {
  if (signal < 0 || signal > 64) {
    bad_request("signal", std::to_string(signal) + " is not a signal").raise();
  }
}

}  // namespace brood::detail
