// Durations, sizes and stop ladders from text.
// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <string>

#include <brood/option_table.hpp>

#include "base/decimal.hpp"
#include "base/make_error.hpp"

namespace brood {

namespace {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

// The unit's seconds; moves past it. 0: no such unit.
long double take_unit(std::string_view& text) {
  struct unit {
    std::string_view name;
    long double seconds;
  };
  constexpr unit units[] = {{"ms", 0.001L}, {"us", 1e-6L}, {"s", 1},
                            {"m", 60},      {"h", 3600},   {"d", 86400}};
  for (const unit& u : units) {
    if (!text.starts_with(u.name)) continue;
    text.remove_prefix(u.name.size());
    return u.seconds;
  }
  return 0;
}

unexpected<error> no_duration(std::string_view text, std::string_view why) {
  return unexpected(
      detail::bad_request("duration", "'" + std::string(text) + "' " + std::string(why)));
}

}  // namespace

expected<duration, error> parse_duration(std::string_view text) {
  constexpr std::string_view why = "is not a duration such as 10, 1.5s, 250ms, 1m30s";
  std::string_view rest = text;
  long double total = 0;
  auto number = detail::take_decimal(rest);
  if (!number) return no_duration(text, why);
  if (rest.empty()) {
    total = *number;
  } else {
    for (;;) {
      const long double unit = take_unit(rest);
      if (unit == 0) return no_duration(text, why);
      total += *number * unit;
      if (rest.empty()) break;
      number = detail::take_decimal(rest);
      if (!number) return no_duration(text, why);
    }
  }
  const duration d = duration::from_seconds(total);
  if (d.too_large()) return no_duration(text, "is beyond 292 years");
  return d;
}

expected<std::uint64_t, error> parse_size(std::string_view text) {
  const auto bad = [&](std::string_view why) {
    return unexpected(
        detail::bad_request("size", "'" + std::string(text) + "' " + std::string(why)));
  };
  constexpr std::string_view why = "is not a size such as 4096, 64K, 256M, 2G";
  std::size_t length = 0;
  std::uint64_t n = 0;
  for (; length < text.size() && is_digit(text[length]); ++length) {
    const auto digit = static_cast<std::uint64_t>(text[length] - '0');
    if (n > (UINT64_MAX - digit) / 10) return bad("is too large");
    n = n * 10 + digit;
  }
  if (length == 0) return bad(why);
  std::string_view unit = text.substr(length);
  unsigned shift = 0;
  if (!unit.empty()) {
    constexpr std::string_view letters = "KMGT";
    const char upper = unit[0] == 'k' ? 'K' : unit[0];
    const std::size_t at = letters.find(upper);
    if (at != letters.npos) {
      shift = 10 * (static_cast<unsigned>(at) + 1);
      unit.remove_prefix(1);
    }
    if (unit != "" && unit != "B" && !(unit == "iB" && shift > 0)) return bad(why);
  }
  if (shift > 0 && n > (UINT64_MAX >> shift)) return bad("is too large");
  return n << shift;
}

expected<std::vector<stop_step>, error> parse_stop(std::string_view text) {
  const auto bad = [&](std::string_view part, std::string_view why) {
    return unexpected(detail::bad_request(
        "stop", "'" + std::string(part) + "' " + std::string(why) + ": TERM,5s,KILL"));
  };
  std::vector<stop_step> steps;
  bool may_wait = false;
  for (std::string_view rest = text;;) {
    const std::size_t end = std::min(rest.find(','), rest.size());
    const std::string_view part = rest.substr(0, end);
    // After a signal a number is how long to wait; a signal by number would be ambiguous there.
    if (may_wait && !part.empty() && (is_digit(part[0]) || part[0] == '.')) {
      auto grace = parse_duration(part);
      if (!grace) return bad(part, "is not a duration");
      steps.back().grace = *grace;
      may_wait = false;
    } else {
      const auto signal = signal_number(part);
      if (!signal) return bad(part, "is not a signal");
      steps.push_back({*signal, {}});
      may_wait = true;
    }
    if (end == rest.size()) break;
    rest.remove_prefix(end + 1);
  }
  return steps;
}

}  // namespace brood
