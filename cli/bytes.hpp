// Bytes that may not be text: whether they are UTF-8, and how to show them as UTF-8 or base64.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace cli {

bool is_utf8(std::string_view s);

/// The same text, with U+FFFD for each byte that is not part of a UTF-8 sequence.
std::string to_utf8(std::string_view s);

/// The same text on one line, on which no terminal acts: control characters, what changes the
/// direction of writing or ends a line, and bytes that are not UTF-8, as \n, \t, \x1b, \u202e.
std::string printable(std::string_view s);
/// Such text within $'...' of a shell.
std::string printable_in_quotes(std::string_view s);
/// Nothing in it needs an escape.
bool is_printable(std::string_view s);
/// A character that printable() escapes; at most U+FFFF.
bool is_control(char32_t c);

/// A character of UTF-8, or a byte that is none.
struct character {
  char32_t code = 0;
  std::size_t length = 1;
  bool valid = false;
};
/// The one at the start of `s`, which is not empty.
character first_character(std::string_view s);

std::string base64(std::string_view s);

}  // namespace cli
