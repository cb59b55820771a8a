// The monotonic clock, and waiting for descriptors until a moment of it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <poll.h>

#include <cstddef>
#include <cstdint>

namespace brood::detail::sys {

/// Nanoseconds of CLOCK_MONOTONIC.
std::int64_t now() noexcept;

/// poll(2) until `until` (INT64_MAX: no limit). The number of ready entries, 0 at the time, or the
/// negative errno; an interrupted wait goes on.
int poll_until(pollfd* fds, std::size_t count, std::int64_t until) noexcept;

}  // namespace brood::detail::sys
