// Which back end the environment asks for.
// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace brood::detail::sys {

/// BROOD_BACKEND=posix: fork instead of clone, and no pidfds. Asked once for each start, by the
/// thread that makes the call; what is decided by it is handed on.
bool wants_posix_backend() noexcept;

}  // namespace brood::detail::sys
