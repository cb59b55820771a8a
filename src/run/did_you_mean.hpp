// What a message adds where a known name is near the one that was given.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

#include <brood/option_table.hpp>

namespace brood::detail {

/// "; did you mean X?", or nothing.
inline std::string did_you_mean(std::string_view word, std::span<const std::string_view> names) {
  const std::string_view name = nearest_name(word, names);
  return name.empty() ? std::string() : "; did you mean " + std::string(name) + "?";
}

}  // namespace brood::detail
