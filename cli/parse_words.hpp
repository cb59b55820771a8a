// Parses the words of a verb that runs no command of the user.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "exit.hpp"
#include "help_page.hpp"
#include "unknown.hpp"

namespace cli {

/// Errors: failure.
inline void parse_words(const verb_page& page, std::string_view verb,
                        std::span<char* const> words) {
  std::vector<std::string> reversed(words.begin(), words.end());  // as CLI11 takes a vector
  std::reverse(reversed.begin(), reversed.end());
  try {
    page.app->parse(std::move(reversed));
  } catch (const CLI::ExtrasError&) {
    const std::string word = page.app->remaining().front();
    if (word.starts_with('-')) throw unknown_flag(verb, word.substr(0, word.find('=')));
    throw failure{std::string(verb) + ": '" + word + "' is one word too many; see 'brood " +
                  std::string(verb) + " --help'"};
  } catch (const CLI::ConversionError& e) {
    const std::string text = e.what();  // ends in "= VALUE"
    throw failure{std::string(verb) + ": '" + text.substr(text.rfind("= ") + 2) +
                  "' is not a number; see 'brood " + std::string(verb) + " --help'"};
  } catch (const CLI::ParseError& e) {
    throw failure{std::string(verb) + ": " + e.what() + "; see 'brood " + std::string(verb) +
                  " --help'"};
  }
}

}  // namespace cli
