// Which descriptor numbers a command's options have given away.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>

#include <brood/options.hpp>

namespace brood::detail {

inline bool has_number(const options& o, int n) {
  return std::find(o.pass_fds.begin(), o.pass_fds.end(), n) != o.pass_fds.end() ||
         std::any_of(o.map_fds.begin(), o.map_fds.end(),
                     [n](const fd_mapping& m) { return m.to == n; });
}

/// The lowest number that nothing else of the child has.
inline int free_number(const options& o) {
  int n = 3;
  while (has_number(o, n)) ++n;
  return n;
}

}  // namespace brood::detail
