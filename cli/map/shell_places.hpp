// Where in shell text values are to be put, and whether quotes can protect them there.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>
#include <vector>

namespace cli {

enum class shell_place : unsigned char {
  word,           ///< a word of its own
  part,           ///< outside of quotes, and part of a word or in need of quotes for another reason
  single_quotes,  ///< within '...'
  double_quotes,  ///< within "..."
};

/// The place of each value. What shells read in different ways, and what is beyond this reader, is
/// refused; `text` that a shell would refuse may pass.
/// \param text  has a NUL where a value comes.
/// \param many  of each value: whether it can become several words.
/// Errors: failure, if a value would be where the shell does not take quoted text as mere text.
std::vector<shell_place> places_in_shell(std::string_view text, const std::vector<bool>& many);

}  // namespace cli
