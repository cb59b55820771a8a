// The guardian's program, which is embedded in the library.
// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace brood::detail {

/// The program in a memory file to execute, or the negative errno.
int guardian_file() noexcept;
/// Where the install put it, for hosts on which a memory file may not be executed.
const char* guardian_path() noexcept;

}  // namespace brood::detail
