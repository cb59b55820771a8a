// Durations, sizes and stop ladders from text.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

#include <brood/option_table.hpp>

#include "base/decimal.hpp"
#include "base/make_error.hpp"
#include "run/did_you_mean.hpp"

namespace brood {

namespace {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

constexpr bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }

void skip_blanks(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(' '), text.size()));
}

// The letters at the start of the text, as small ones; moves past them. "µs" is "us".
std::string take_word(std::string_view& text) {
  for (const std::string_view micro : {"\u00b5", "\u03bc"}) {
    if (text.starts_with(micro)) {
      text.remove_prefix(micro.size());
      return "u" + take_word(text);
    }
  }
  std::string word;
  for (; !text.empty() && is_letter(text[0]); text.remove_prefix(1)) {
    word += text[0] >= 'a' ? text[0] : static_cast<char>(text[0] + 32);
  }
  return word;
}

struct unit {
  long double seconds;
  long double next;        // what a number behind it counts, as the 30 of "1h30"; 0: nothing
  std::string_view names;  // each between blanks
};
constexpr unit units[] = {{604800, 86400, " w week weeks "},
                          {86400, 3600, " d day days "},
                          {3600, 60, " h hr hrs hour hours "},
                          {60, 1, " m min mins minute minutes "},
                          {1, 0, " s sec secs second seconds "},
                          {0.001L, 0, " ms msec msecs millisecond milliseconds "},
                          {1e-6L, 0, " us usec usecs microsecond microseconds "}};

// Moves past the unit; null: no such unit. A lone M may mean months elsewhere.
const unit* take_unit(std::string_view& text) {
  skip_blanks(text);
  if (text.starts_with('M') && (text.size() == 1 || !is_letter(text[1]))) return nullptr;
  const std::string name = " " + take_word(text) + " ";
  if (name.size() <= 2) return nullptr;
  for (const unit& u : units) {
    if (u.names.find(name) != u.names.npos) return &u;
  }
  return nullptr;
}

// The seconds of "1h30m", "5 min", "1h30"; nothing where it is no duration.
std::optional<long double> take_seconds(std::string_view text) {
  long double total = 0;
  long double bare = 1;  // what a number without a unit counts: seconds, if it is all there is
  for (;;) {
    const auto number = detail::take_decimal(text);
    if (!number) return {};
    if (text.empty()) return bare > 0 ? std::optional(total + *number * bare) : std::nullopt;
    const unit* const u = take_unit(text);
    if (u == nullptr) return {};
    total += *number * u->seconds;
    if (text.empty()) return total;
    bare = u->next;
    skip_blanks(text);
  }
}

unexpected<error> no_duration(std::string_view text, std::string_view why) {
  return unexpected(
      detail::bad_request("duration", "'" + std::string(text) + "' " + std::string(why)));
}

constexpr std::string_view no_size_because = "is not a size such as 4096, 64K, 512m, 1.5G";

// The power of two that "K", "kb", "MiB" and the like stand for; nothing for other words.
std::optional<unsigned> shift_of(std::string_view unit) {
  if (unit.empty() || unit == "b") return 0;
  constexpr std::string_view letters = "kmgtpe";
  const std::size_t at = letters.find(unit[0]);
  unit.remove_prefix(1);
  if (at == letters.npos || !(unit.empty() || unit == "b" || unit == "ib" || unit == "i"))
    return {};
  return 10 * (static_cast<unsigned>(at) + 1);
}

// Whole digits, exactly: a size may have more of them than a long double holds.
std::optional<std::uint64_t> whole_number(std::string_view digits) {
  std::uint64_t n = 0;
  for (const char c : digits) {
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (n > (UINT64_MAX - digit) / 10) return {};
    n = n * 10 + digit;
  }
  return n;
}

// The number times 2^shift, rounded down as no part of a byte can be had. Nothing if too large.
std::optional<std::uint64_t> scaled(std::string_view number, unsigned shift) {
  if (number.find('.') == number.npos) {
    const auto n = whole_number(number);
    return n && *n <= (UINT64_MAX >> shift) ? std::optional(*n << shift) : std::nullopt;
  }
  const auto n = detail::take_decimal(number);
  const long double bytes = n ? *n * static_cast<long double>(std::uint64_t{1} << shift) : 2e19L;
  constexpr long double most = 18446744073709551616.0L;  // 2^64
  return bytes < most ? std::optional(static_cast<std::uint64_t>(bytes)) : std::nullopt;
}

}  // namespace

expected<duration, error> parse_duration(std::string_view text) {
  const auto seconds = take_seconds(text);
  if (!seconds) return no_duration(text, "is not a duration such as 10, 1.5s, 250ms, 1h30m");
  const duration d = duration::from_seconds(*seconds);
  if (d.too_large()) return no_duration(text, "is beyond 292 years");
  return d;
}

expected<std::uint64_t, error> parse_size(std::string_view text) {
  const auto bad = [&](std::string_view why) {
    return unexpected(
        detail::bad_request("size", "'" + std::string(text) + "' " + std::string(why)));
  };
  std::string_view unit = text;
  const bool is_number = detail::take_decimal(unit).has_value();
  const std::string_view number = text.substr(0, text.size() - unit.size());
  const bool bare = unit.empty();
  skip_blanks(unit);
  const std::string name = take_word(unit);
  const auto shift = shift_of(name);
  if (!is_number || !unit.empty() || !shift || (!bare && name.empty())) return bad(no_size_because);
  const auto bytes = scaled(number, *shift);
  if (!bytes) return bad("is too large");
  const auto has_more = [](std::string_view t) { return t.find_first_of("123456789") != t.npos; };
  const std::string_view fraction = number.substr(std::min(number.find('.'), number.size()));
  if ((*shift == 0 && has_more(fraction)) || (*bytes == 0 && has_more(number))) {
    return bad("is not a number of whole bytes");
  }
  return *bytes;
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
