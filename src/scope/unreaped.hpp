// Children that outlived a stop: reaped when they end, by whoever starts the next command.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "sys/pid_ref.hpp"

namespace brood::detail {

/// Nobody waits for `child` any more, and its zombie is not to stay. The library has no thread for
/// it: reap_unreaped() looks (docs/decisions/0015).
void reap_later(sys::pid_ref child) noexcept;
/// Reap those that have ended. Costs one load where there are none.
void reap_unreaped() noexcept;

}  // namespace brood::detail
