// The wait for a process that belongs to the engine.
// SPDX-License-Identifier: Apache-2.0
#include "end_of_process.hpp"

#include <poll.h>

#include <algorithm>
#include <cerrno>

namespace brood_python {

namespace {

constexpr std::int64_t first_pause = 500'000;  // ns; where the system has no event for an exit
constexpr std::int64_t longest_pause = 10'000'000;

}  // namespace

std::optional<brood::exit_status> await_end(brood::process& p, std::int64_t until) {
  check_signals();  // one that came just before would not wake poll
  for (std::int64_t pause = first_pause;; pause = std::min(pause * 2, longest_pause)) {
    if (const auto status = p.poll()) return status;
    const std::int64_t now = now_ns();
    if (now >= until) return {};
    pollfd event{p.native_handle(), POLLIN, 0};
    const std::int64_t limit = event.fd < 0 ? std::min(until, now + pause) : until;
    int r;
    {
      const without_gil released;
      r = poll_until(&event, 1, limit);
    }
    if (r == -EINTR) check_signals();
  }
}

}  // namespace brood_python
