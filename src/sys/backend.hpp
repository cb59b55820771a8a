// Which back end the environment asks for.
// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace brood::detail::sys {

/// BROOD_BACKEND=posix: fork instead of clone, and no pidfds. Read once.
bool wants_posix_backend() noexcept;

}  // namespace brood::detail::sys
