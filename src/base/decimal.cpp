// Reads digits into an integer and scales that by a power of ten.
// SPDX-License-Identifier: Apache-2.0
#include "base/decimal.hpp"

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <limits>

namespace brood::detail {

namespace {

// Not strtold(), whose decimal point is that of the program's locale. Not from_chars() either: for
// numbers with a fraction, libc++ has it from version 20 on.

constexpr std::uint64_t enough = UINT64_MAX / 10 - 1;  // a digit more still fits
constexpr int largest_exponent = 20000;                // beyond what any long double can be

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

struct scaled {
  std::uint64_t digits = 0;
  int exponent = 0;

  // Digits after the first 19 no longer change the number, only its size.
  void add(char digit, bool fraction) {
    if (digits <= enough) {
      digits = digits * 10 + static_cast<std::uint64_t>(digit - '0');
      if (fraction) --exponent;
    } else if (!fraction && exponent < largest_exponent) {
      ++exponent;
    }
  }

  std::optional<long double> value() const {
    // One division is rounded once, so a number that fits exactly is read as the compiler reads it.
    auto r = static_cast<long double>(digits);
    if (digits == 0) return r;
    long double power = 1;
    for (int left = std::abs(exponent); left > 0 && std::isfinite(power); --left) power *= 10;
    r = exponent < 0 ? r / power : r * power;
    if (!std::isfinite(r)) return {};
    return r;
  }
};

std::optional<scaled> take_digits(std::string_view& text) {
  scaled number;
  bool any = false;
  bool point = false;
  std::size_t length = 0;
  for (; length < text.size(); ++length) {
    const char c = text[length];
    if (is_digit(c)) {
      number.add(c, point);
      any = true;
    } else if (c == '.' && !point) {
      point = true;
    } else {
      break;
    }
  }
  if (!any) return {};
  text.remove_prefix(length);
  return number;
}

// "e-5" and the like; moves past it if it is whole.
int take_exponent(std::string_view& text) {
  if (text.empty() || (text[0] != 'e' && text[0] != 'E')) return 0;
  std::string_view rest = text.substr(1);
  const bool negative = rest.starts_with('-');
  if (negative || rest.starts_with('+')) rest.remove_prefix(1);
  if (rest.empty() || !is_digit(rest[0])) return 0;
  int exponent = 0;
  for (; !rest.empty() && is_digit(rest[0]); rest.remove_prefix(1)) {
    if (exponent < largest_exponent) exponent = exponent * 10 + (rest[0] - '0');
  }
  text = rest;
  return negative ? -exponent : exponent;
}

}  // namespace

std::optional<long double> take_decimal(std::string_view& text) {
  const auto number = take_digits(text);
  if (!number) return {};
  return number->value();
}

std::optional<double> take_number(std::string_view& text) {
  std::string_view rest = text;
  const bool negative = rest.starts_with('-');
  if (negative) rest.remove_prefix(1);
  auto number = take_digits(rest);
  if (!number) return {};
  number->exponent += take_exponent(rest);
  const auto value = number->value();
  if (!value || *value > std::numeric_limits<double>::max()) return {};
  text = rest;
  return static_cast<double>(negative ? -*value : *value);
}

}  // namespace brood::detail
