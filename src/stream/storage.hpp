// Reading straight into a string's storage, and growing a large one without doubling its memory.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>

namespace brood::detail {

/// read(2) of up to `most` bytes onto the end of `to`: the count, 0 at end-of-file, or -errno.
/// Throws std::bad_alloc.
ssize_t read_onto(std::string& to, int number, std::size_t most);

}  // namespace brood::detail
