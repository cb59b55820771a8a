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

void append_hex(std::string& to, std::uint32_t n, int digits) {
  constexpr std::string_view hex = "0123456789abcdef";
  for (int shift = 4 * (digits - 1); shift >= 0; shift -= 4) to += hex[n >> shift & 15];
}

std::string escaped(std::string_view s, bool quoted) {
  std::string to;
  const bool text_is_utf8 = is_utf8(s);
  while (!s.empty()) {
    const character c = first_character(s);
    const bool is_byte = c.code < 0x80 || !text_is_utf8;
    if (c.code == '\n') {
      to += "\\n";
    } else if (c.code == '\t') {
      to += "\\t";
    } else if (is_byte && (c.code >= 0x80 || is_control(c.code) || !c.valid)) {
      for (const char byte : s.substr(0, c.length)) {
        append_hex(to += "\\x", static_cast<unsigned char>(byte), 2);
      }
    } else if (is_control(c.code)) {
      append_hex(to += "\\u", c.code, 4);
    } else {
      if (quoted && (c.code == '\'' || c.code == '\\')) to += '\\';
      to += s.substr(0, c.length);
    }
    s.remove_prefix(c.length);
  }
  return to;
}

}  // namespace

character first_character(std::string_view s) {
  const std::size_t length = sequence_length(s);
  const auto lead = static_cast<unsigned char>(s[0]);
  if (length <= 1) return {.code = lead, .length = 1, .valid = length == 1};
  char32_t code = lead & (0xFFU >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    code = code << 6 | (static_cast<unsigned char>(s[i]) & 0x3FU);
  }
  return {.code = code, .length = length, .valid = true};
}

bool is_control(char32_t c) {
  const auto in = [c](char32_t from, char32_t to) { return c >= from && c <= to; };
  return c < 0x20 || in(0x7F, 0x9F) ||                // C0, DEL, C1
         c == 0x61C || c == 0x200E || c == 0x200F ||  // marks of direction
         in(0x2028, 0x202E) || in(0x2066, 0x206F) ||  // ends of lines, bidi overrides
         c == 0x200B ||                               // a space that nobody sees
         c == 0xFEFF || in(0xFFF9, 0xFFFB);           // a byte order mark, annotations
}

std::string printable(std::string_view s) { return escaped(s, false); }
std::string printable_in_quotes(std::string_view s) { return escaped(s, true); }

bool is_printable(std::string_view s) {
  while (!s.empty()) {
    const character c = first_character(s);
    if (!c.valid || is_control(c.code)) return false;
    s.remove_prefix(c.length);
  }
  return true;
}

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
