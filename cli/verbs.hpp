// The verbs of the tool: one function each, given the words after the verb.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

namespace cli {

/// \return  the exit status. Errors: failure.
int verb_run(std::span<char* const> words);
int verb_map(std::span<char* const> words);
int verb_ls(std::span<char* const> words);
int verb_report(std::span<char* const> words);

}  // namespace cli
