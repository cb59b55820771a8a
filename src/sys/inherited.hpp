// What a child gets from its parent without being told.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <vector>

namespace brood::detail::sys {

/// Of the calling process, as far as a look at it is cheap. Not the umask and the ignored signals:
/// those can be read but one by one, or only by changing them.
struct inherited {
  std::uint64_t directory[2] = {};  ///< device and inode of the working directory
  std::vector<unsigned> ids;  ///< three of the user, three of the group, then the other groups
  std::vector<std::uint64_t> limits;
  int nice = 0;

  bool operator==(const inherited&) const = default;
};

inherited look_at_inherited();

}  // namespace brood::detail::sys
