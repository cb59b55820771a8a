// What is said of a word that is no verb, option or choice: the one that was probably meant.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

#include <brood/option_table.hpp>

#include "exit.hpp"

namespace cli {

/// "; did you mean X?", or `otherwise` where no name is near.
inline std::string did_you_mean(std::string_view word, std::span<const std::string_view> names,
                                std::string_view otherwise = {}) {
  const std::string_view name = brood::nearest_name(word, names);
  if (name.empty()) return std::string(otherwise);
  return "; did you mean " + std::string(name) + "?";
}

/// The words of a call without a verb that exists.
failure unknown_verb(std::span<char* const> words);
/// \param name  as typed, with its dashes
failure unknown_flag(std::string_view verb, std::string_view name);

}  // namespace cli
