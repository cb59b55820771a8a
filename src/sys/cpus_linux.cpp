// The CPUs of this process's affinity mask.
// SPDX-License-Identifier: Apache-2.0
#include <sched.h>

#include <algorithm>

#include "sys/call.hpp"
#include "sys/cpus.hpp"

namespace brood::detail::sys {

int usable_cpus() noexcept {
  cpu_set_t cpus;
  CPU_ZERO(&cpus);
  const int r =
      call("sched_getaffinity", [&] { return ::sched_getaffinity(0, sizeof cpus, &cpus); });
  return r < 0 ? 1 : std::max(1, CPU_COUNT(&cpus));
}

}  // namespace brood::detail::sys
