// What a child gets from its parent without being told.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

namespace brood::detail::sys {

/// Of the calling process, as far as a look at it is cheap.
struct inherited {
  std::uint64_t directory[2] = {};  ///< device and inode of the working directory
  std::vector<unsigned> ids;  ///< three of the user, three of the group, then the other groups
  std::vector<std::uint64_t> limits;
  int nice = 0;
  unsigned umask = 0;         ///< 0 without /proc: else it can be read by changing it only
  std::uint64_t ignored = 0;  ///< signals, bit n - 1 for n; 0 without /proc

  bool operator==(const inherited&) const = default;
};

inherited look_at_inherited();

}  // namespace brood::detail::sys
