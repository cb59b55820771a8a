// Durations, sizes and stop ladders from text.
// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include <brood/option_table.hpp>

#include "base/decimal.hpp"
#include "base/make_error.hpp"
#include "run/did_you_mean.hpp"

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

expected<int, error> parse_signal(std::string_view text) {
  if (const auto number = signal_number(text)) return *number;
  constexpr std::string_view prefix = "SIG";
  constexpr int highest_standard = 31;
  std::array<std::string, highest_standard> texts;
  std::array<std::string_view, highest_standard> names;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    texts[i] = signal_name(static_cast<int>(i) + 1);
    names[i] = texts[i];
    if (names[i].starts_with(prefix)) names[i].remove_prefix(prefix.size());
  }
  std::string_view bare = text;
  const bool long_form = nearest_name(bare.substr(0, prefix.size()), {&prefix, 1}) == prefix;
  if (bare.size() > prefix.size() + 1 && long_form) bare.remove_prefix(prefix.size());
  return unexpected(detail::bad_request(
      "signal", "'" + std::string(text) + "' is not a signal" + detail::did_you_mean(bare, names)));
}

expected<std::vector<stop_step>, error> parse_stop(std::string_view text) {
  const auto bad = [](const error& wrong) {
    const bool helps = wrong.detail().ends_with('?');
    return unexpected(detail::bad_request(
        "stop", wrong.detail() + (helps ? "" : "; a ladder is like TERM,5s,INT,2s,KILL")));
  };
  std::vector<stop_step> steps;
  bool may_wait = false;
  for (std::string_view rest = text;;) {
    const std::size_t end = std::min(rest.find(','), rest.size());
    const std::string_view part = rest.substr(0, end);
    // After a signal a number is how long to wait; a signal by number would be ambiguous there.
    if (may_wait && !part.empty() && (is_digit(part[0]) || part[0] == '.')) {
      auto grace = parse_duration(part);
      if (!grace) return bad(grace.error());
      steps.back().grace = *grace;
      may_wait = false;
    } else {
      const auto signal = parse_signal(part);
      if (!signal) return bad(signal.error());
      steps.push_back({*signal, {}});
      may_wait = true;
    }
    if (end == rest.size()) break;
    rest.remove_prefix(end + 1);
  }
  return steps;
}

}  // namespace brood
