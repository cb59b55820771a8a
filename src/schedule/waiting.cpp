// Starting a pool's thread.
// SPDX-License-Identifier: Apache-2.0
#include "schedule/waiting.hpp"

#include <system_error>

#include "sys/reap.hpp"

namespace brood::detail {

std::thread start_thread(const callback<void()>& f) {
  const sys::signals_blocked quiet;
  try {
    return std::thread(f);
  } catch (const std::system_error& e) {
    os_error(error_stage::fork, "thread", e.code().value()).raise();
  }
}

}  // namespace brood::detail
