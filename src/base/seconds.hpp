// Spans of time as text for people and files, the same in every locale.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace brood::detail {

/// Seconds as a plain decimal number, exact to the nanosecond, without zeros at its end: "0.3",
/// "5", "-0.000000001".
std::string decimal_seconds(std::int64_t ns);
/// The same with its unit: "0.3 s".
std::string in_seconds(std::int64_t ns);

}  // namespace brood::detail
