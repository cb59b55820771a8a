// Recognises UTF-8 by the Unicode standard's table of well-formed sequences.
// SPDX-License-Identifier: Apache-2.0
#include "bytes.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace cli {

namespace {

/// Length of the UTF-8 sequence at the start of `s`, 0 if there is none (RFC 3629, table 3-7 of
/// the Unicode standard: no surrogates, nothing overlong).
std::size_t sequence_length(std::string_view s) {
  const auto byte = [s](std::size_t i) { return static_cast<unsigned char>(s[i]); };
  const unsigned lead = byte(0);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2;
  if (lead < 0xC2 || lead > 0xF4 || s.size() < length) return 0;
  const unsigned low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  const unsigned high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  if (byte(1) < low || byte(1) > high) return 0;
  for (std::size_t i = 2; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return 0;
  }
  return length;
}

}  // namespace

bool is_utf8(std::string_view s) {
  while (!s.empty()) {
    const std::size_t n = sequence_length(s);
    if (n == 0) return false;
    s.remove_prefix(n);
  }
  return true;
}

std::string to_utf8(std::string_view s) {
  std::string text;
  text.reserve(s.size());
  while (!s.empty()) {
    const std::size_t n = sequence_length(s);
    text.append(n == 0 ? "\xEF\xBF\xBD" : s.substr(0, n));
    s.remove_prefix(n == 0 ? 1 : n);
  }
  return text;
}

std::string base64(std::string_view s) {
  constexpr std::string_view digits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((s.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < s.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(3, s.size() - i);
    std::uint32_t bits = 0;
    for (std::size_t k = 0; k < 3; ++k) {
      bits = bits << 8 | (k < count ? static_cast<unsigned char>(s[i + k]) : 0U);
    }
    for (std::size_t k = 0; k < 4; ++k) {
      text += k <= count ? digits[bits >> (18 - 6 * k) & 63] : '=';
    }
  }
  return text;
}

}  // namespace cli
