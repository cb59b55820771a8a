// The verbs of the tool: their names, what they do with the words after them, and their pages.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string_view>

#include "verb_page.hpp"

namespace cli {

/// \return  the exit status. Errors: failure.
int verb_run(std::span<char* const> words);
int verb_map(std::span<char* const> words);
int verb_ls(std::span<char* const> words);
int verb_report(std::span<char* const> words);

verb_page ls_page();
verb_page report_page();

struct verb {
  std::string_view name;
  int (*run)(std::span<char* const> words);
  std::string_view help;
  verb_page (*page)();
};

std::span<const verb> verbs();

}  // namespace cli
