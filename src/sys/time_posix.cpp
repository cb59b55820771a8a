// The monotonic clock.
// SPDX-License-Identifier: Apache-2.0
#include <time.h>

#include "sys/time.hpp"

namespace brood::detail::sys {

std::int64_t now() noexcept {
  timespec t;
  ::clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<std::int64_t>(t.tv_sec) * 1'000'000'000 + t.tv_nsec;
}

}  // namespace brood::detail::sys
