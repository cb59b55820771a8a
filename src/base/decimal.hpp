// Decimal numbers from text, the same in every locale and with every standard library.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string_view>

namespace brood::detail {

/// The decimal number without sign or exponent at the start of `text` ("2", "1.5", ".5", "1.");
/// moves past it. Nothing where there is no digit, or where it is beyond the largest number.
std::optional<long double> take_decimal(std::string_view& text);

/// The same with a sign before it, as in "-1", and an exponent behind it, as in "2e3"; within
/// double.
std::optional<double> take_number(std::string_view& text);

}  // namespace brood::detail
