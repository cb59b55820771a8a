// The environment variable that selects the portable back end.
// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <cstring>

#include "sys/backend.hpp"

namespace brood::detail::sys {

bool wants_posix_backend() noexcept {
  static const bool wanted = [] {
    const char* name = std::getenv("BROOD_BACKEND");
    return name && std::strcmp(name, "posix") == 0;
  }();
  return wanted;
}

}  // namespace brood::detail::sys
