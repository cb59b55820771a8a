// What the faces of all pools share: waiting with a limit, and a thread that takes no signals.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

#include <brood/callback.hpp>
#include <brood/duration.hpp>

#include "base/make_error.hpp"

namespace brood::detail {

/// Until `ready` or for `limit`; not given: without limit. Errors: usage_error.
template <class Ready>
bool wait_on(std::condition_variable& cv, std::unique_lock<std::mutex>& hold, duration limit,
             Ready ready) {
  if (limit.not_a_number()) bad_request("timeout", "not a number").raise();
  if (limit.given() && limit.nanoseconds() < 0) bad_request("timeout", "negative").raise();
  // A century is without limit, and does not overflow the clock.
  constexpr std::int64_t century = 3'155'760'000'000'000'000;
  if (!limit.given() || limit.nanoseconds() > century) {
    cv.wait(hold, ready);
    return true;
  }
  return cv.wait_for(hold, static_cast<std::chrono::nanoseconds>(limit), ready);
}

/// For a pool's thread, which callbacks of users run on.
template <class Core>
void refuse_to_wait_for_oneself(const Core& core) {
  if (core.on_own_thread()) {
    bad_request("pool", "a callback of the pool cannot wait for the pool").raise();
  }
}

/// All signals are blocked in it: they are for the host's own threads. Errors: spawn_error.
std::thread start_thread(const callback<void()>& f);

}  // namespace brood::detail
