// The monotonic clock.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace brood::detail::sys {

/// Nanoseconds of CLOCK_MONOTONIC.
std::int64_t now() noexcept;

}  // namespace brood::detail::sys
