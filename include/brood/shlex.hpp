// Splitting and quoting of command lines by POSIX shell rules, as Python's shlex does it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace brood::shlex {

/// Split `line` into words as a POSIX shell would, without any expansion.
/// \param comments  honour `#` comments, off by default.
/// Errors: usage_error "No closing quotation" or "No escaped character", as Python's ValueError.
std::vector<std::string> split(std::string_view line, bool comments = false);

/// `word` such that a POSIX shell reads it back as exactly one word. Unchanged where that is safe.
std::string quote(std::string_view word);

/// Inverse of split(): the words quoted and joined by spaces.
std::string join(const std::vector<std::string>& words);

}  // namespace brood::shlex
