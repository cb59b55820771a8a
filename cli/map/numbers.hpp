// Numbers as people write them after flags.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <charconv>
#include <optional>
#include <string_view>

namespace cli {

/// Reads the whole of `text`; nothing may stand around the number.
template <class Number>
std::optional<Number> to_number(std::string_view text) {
  Number n{};
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (wrong != std::errc() || end != text.data() + text.size()) return {};
  return n;
}

}  // namespace cli
