// Seconds by integers: what the C library formats depends on the locale of the program.
// SPDX-License-Identifier: Apache-2.0
#include "base/seconds.hpp"

#include <charconv>

namespace brood::detail {

namespace {

constexpr std::uint64_t per_second = 1'000'000'000;

void append_number(std::string& to, std::uint64_t n) {
  char room[20];  // 2^64 has 20 digits
  to.append(room, std::to_chars(room, room + sizeof room, n).ptr);
}

}  // namespace

std::string decimal_seconds(std::int64_t ns) {
  // Unsigned: the negative of INT64_MIN is no std::int64_t.
  const std::uint64_t all =
      ns < 0 ? 0 - static_cast<std::uint64_t>(ns) : static_cast<std::uint64_t>(ns);
  std::string text = ns < 0 ? "-" : "";
  append_number(text, all / per_second);
  const std::uint64_t fraction = all % per_second;
  if (fraction == 0) return text;
  std::string digits;
  append_number(digits, per_second + fraction);  // one digit in front keeps the zeros
  digits.erase(digits.find_last_not_of('0') + 1);
  digits.front() = '.';
  return text + digits;
}

std::string in_seconds(std::int64_t ns) { return decimal_seconds(ns) + " s"; }

}  // namespace brood::detail
