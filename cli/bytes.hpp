// Bytes that may not be text: whether they are UTF-8, and how to show them as UTF-8 or base64.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

namespace cli {

bool is_utf8(std::string_view s);

/// The same text, with U+FFFD for each byte that is not part of a UTF-8 sequence.
std::string to_utf8(std::string_view s);

std::string base64(std::string_view s);

}  // namespace cli
