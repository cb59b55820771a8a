// The monotonic clock and poll(2).
// SPDX-License-Identifier: Apache-2.0
#include <time.h>

#include "sys/call.hpp"
#include "sys/time.hpp"

namespace brood::detail::sys {

std::int64_t now() noexcept {
  timespec t;
  ::clock_gettime(CLOCK_MONOTONIC, &t);
  return static_cast<std::int64_t>(t.tv_sec) * 1'000'000'000 + t.tv_nsec;
}

int poll_until(pollfd* fds, std::size_t count, std::int64_t until) noexcept {
  for (;;) {
    timespec left{};
    if (until != INT64_MAX) {
      const std::int64_t ns = until - now();
      if (ns > 0) {
        left.tv_sec = static_cast<time_t>(ns / 1'000'000'000);
        left.tv_nsec = static_cast<long>(ns % 1'000'000'000);
      }
    }
    const int r = call("ppoll", [&] {
      return ::ppoll(fds, static_cast<nfds_t>(count), until == INT64_MAX ? nullptr : &left,
                     nullptr);
    });
    if (r != -EINTR) return r;
  }
}

}  // namespace brood::detail::sys
