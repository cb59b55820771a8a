// How text takes up the columns of a terminal.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace cli {

/// How many columns a character takes: 0 for what is drawn over the one before, 2 for wide ones of
/// East Asia and emoji, otherwise 1. Where terminals differ, the larger number.
std::size_t columns_of(char32_t c);

/// Of UTF-8 without control characters.
std::size_t width_of(std::string_view text);

/// What a line looks like in the end: without escape sequences and what its last carriage returns
/// write over, and with a space for each other control character.
std::string as_shown(std::string_view line);

/// The start of as_shown() that takes at most `width` columns, in UTF-8.
std::string fit(std::string_view line, std::size_t width);

}  // namespace cli
