// The environment variable that selects the portable back end.
// SPDX-License-Identifier: Apache-2.0
#include <cstdlib>
#include <cstring>

#include "sys/backend.hpp"

namespace brood::detail::sys {

bool wants_posix_backend() noexcept {
  const char* wanted = std::getenv("BROOD_BACKEND");
  return wanted && std::strcmp(wanted, "posix") == 0;
}

}  // namespace brood::detail::sys
