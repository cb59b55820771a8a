// Widths by Unicode's EastAsianWidth.txt, in whole blocks; escape sequences by ECMA-48.
// SPDX-License-Identifier: Apache-2.0
#include "columns.hpp"

#include <algorithm>
#include <array>
#include <cstdint>

#include "bytes.hpp"

namespace cli {

namespace {

struct range {
  char32_t first;
  char32_t last;
};

// Marks that combine, and joiners.
constexpr std::array narrow{range{0x0300, 0x036F}, range{0x0483, 0x0489}, range{0x0591, 0x05BD},
                            range{0x0610, 0x061A}, range{0x064B, 0x065F}, range{0x06D6, 0x06DC},
                            range{0x093C, 0x093C}, range{0x0941, 0x0948}, range{0x094D, 0x094D},
                            range{0x0E31, 0x0E31}, range{0x0E34, 0x0E3A}, range{0x0E47, 0x0E4E},
                            range{0x1AB0, 0x1AFF}, range{0x1DC0, 0x1DFF}, range{0x200B, 0x200F},
                            range{0x20D0, 0x20FF}, range{0x302A, 0x302D}, range{0x3099, 0x309A},
                            range{0xFE00, 0xFE0E}, range{0xFE20, 0xFE2F}, range{0xE0100, 0xE01EF}};

constexpr std::array wide{range{0x1100, 0x115F},   range{0x231A, 0x231B},   range{0x2329, 0x232A},
                          range{0x23E9, 0x23F3},   range{0x25FD, 0x25FE},   range{0x2614, 0x2615},
                          range{0x2648, 0x2653},   range{0x267F, 0x267F},   range{0x2693, 0x2693},
                          range{0x26A1, 0x26A1},   range{0x26AA, 0x26AB},   range{0x26BD, 0x26BE},
                          range{0x26C4, 0x26C5},   range{0x26CE, 0x26CE},   range{0x26D4, 0x26D4},
                          range{0x26EA, 0x26EA},   range{0x26F2, 0x26F5},   range{0x26FA, 0x26FD},
                          range{0x2705, 0x2705},   range{0x270A, 0x270B},   range{0x2728, 0x2728},
                          range{0x274C, 0x274E},   range{0x2753, 0x2757},   range{0x2795, 0x2797},
                          range{0x27B0, 0x27BF},   range{0x2B1B, 0x2B1C},   range{0x2B50, 0x2B55},
                          range{0x2E80, 0x303E},   range{0x3041, 0x33FF},   range{0x3400, 0x4DBF},
                          range{0x4E00, 0x9FFF},   range{0xA000, 0xA4CF},   range{0xA960, 0xA97F},
                          range{0xAC00, 0xD7A3},   range{0xF900, 0xFAFF},   range{0xFE10, 0xFE19},
                          range{0xFE30, 0xFE6F},   range{0xFF00, 0xFF60},   range{0xFFE0, 0xFFE6},
                          range{0x16FE0, 0x18DFF}, range{0x1AFF0, 0x1B2FF}, range{0x1F004, 0x1F004},
                          range{0x1F0CF, 0x1F0CF}, range{0x1F18E, 0x1F19A}, range{0x1F1E6, 0x1F320},
                          range{0x1F32D, 0x1F64F}, range{0x1F680, 0x1F6FF}, range{0x1F7E0, 0x1F7FF},
                          range{0x1F90C, 0x1FAFF}, range{0x20000, 0x3FFFD}};

template <class Ranges>
bool is_in(const Ranges& all, char32_t c) {
  const auto after = std::upper_bound(all.begin(), all.end(), c,
                                      [](char32_t code, const range& r) { return code < r.first; });
  return after != all.begin() && c <= std::prev(after)->last;
}

/// The character at the start, also a control character of C1 that is a byte by itself.
character at_start(std::string_view text) {
  character c = first_character(text);
  if (!c.valid && c.code >= 0xA0) c.code = 0xFFFD;
  return c;
}

/// What begins a text up to ST or BEL: DCS, SOS, OSC, PM, APC.
bool begins_string(char32_t c1) { return c1 == 0x90 || c1 == 0x98 || (c1 >= 0x9D && c1 <= 0x9F); }

std::size_t string_length(std::string_view text) {
  for (std::size_t n = 0; n < text.size();) {
    const character c = at_start(text.substr(n));
    if (c.code == 0x07 || c.code == 0x9C) return n + c.length;
    if (text.substr(n).starts_with("\x1b\\")) return n + 2;
    n += c.length;
  }
  return text.size();
}

/// Parameters, then one last character.
std::size_t sequence_rest(std::string_view text, char first, char last) {
  std::size_t n = 0;
  while (n < text.size() && text[n] >= first && text[n] <= last) ++n;
  return std::min(n + 1, text.size());
}

/// The length of the escape sequence at the start; 0: there is none.
std::size_t escape_length(std::string_view text) {
  character c = at_start(text);
  std::size_t n = c.length;
  if (c.code == 0x1B) {
    if (text.size() == 1) return 1;
    const char next = text[1];
    if (next < 0x40 || next > 0x5F) return 1 + sequence_rest(text.substr(1), ' ', '/');
    c.code = static_cast<char32_t>(next) + 0x40;  // ESC [ is the same as CSI
    n = 2;
  }
  if (c.code == 0x9B) return n + sequence_rest(text.substr(n), ' ', '?');
  if (begins_string(c.code)) return n + string_length(text.substr(n));
  return n == 2 && c.length == 1 ? n : 0;
}

}  // namespace

std::size_t columns_of(char32_t c) {
  if (c < 0x300) return 1;
  if (is_in(narrow, c)) return 0;
  return is_in(wide, c) ? 2 : 1;  // also U+FE0F, which makes an emoji of the character before
}

std::size_t width_of(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    const character c = first_character(text);
    width += columns_of(c.code);
    text.remove_prefix(c.length);
  }
  return width;
}

std::string as_shown(std::string_view line) {
  while (line.ends_with('\r') || line.ends_with('\n')) line.remove_suffix(1);
  if (const std::size_t at = line.rfind('\r'); at != line.npos) line.remove_prefix(at + 1);
  std::string shown;
  while (!line.empty()) {
    if (const std::size_t n = escape_length(line); n > 0) {
      line.remove_prefix(n);
      continue;
    }
    const character c = at_start(line);
    if (c.code < 0x20 || c.code == 0x7F) {
      shown += ' ';
    } else if (c.code == 0xFFFD) {
      shown += "\xEF\xBF\xBD";
    } else if (!is_control(c.code)) {
      shown += line.substr(0, c.length);
    }
    line.remove_prefix(c.length);
  }
  return shown;
}

std::string fit(std::string_view line, std::size_t width) {
  std::string shown = as_shown(line);
  std::size_t taken = 0;
  for (std::size_t at = 0; at < shown.size();) {
    const character c = first_character(std::string_view(shown).substr(at));
    taken += columns_of(c.code);
    if (taken > width) {
      shown.resize(at);
      break;
    }
    at += c.length;
  }
  return shown;
}

}  // namespace cli
