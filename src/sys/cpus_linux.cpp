// The CPUs of this process's affinity mask.
// SPDX-License-Identifier: Apache-2.0
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <bit>

#include "sys/call.hpp"
#include "sys/cpus.hpp"

namespace brood::detail::sys {

// The raw call says how much of the mask it filled in; glibc's cpu_set_t ends at 1024 CPUs.
int usable_cpus() noexcept {
  unsigned long mask[1024] = {};  // of 65,536: the kernel refuses one that is too small
  const long filled = call("sched_getaffinity",
                           [&] { return ::syscall(SYS_sched_getaffinity, 0, sizeof mask, mask); });
  int count = 0;
  for (const unsigned long part : mask) count += std::popcount(part);
  return filled < 0 ? 1 : std::max(1, count);
}

}  // namespace brood::detail::sys
