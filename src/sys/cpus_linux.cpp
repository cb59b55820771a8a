// The CPUs of this process's affinity mask, as far as its control groups let it use them.
// SPDX-License-Identifier: Apache-2.0
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "sys/call.hpp"
#include "sys/cgroup.hpp"
#include "sys/cpus.hpp"

namespace brood::detail::sys {

// The raw call says how much of the mask it filled in; glibc's cpu_set_t ends at 1024 CPUs.
int usable_cpus() {
  unsigned long mask[1024] = {};  // of 65,536: the kernel refuses one that is too small
  const long filled = call("sched_getaffinity",
                           [&] { return ::syscall(SYS_sched_getaffinity, 0, sizeof mask, mask); });
  int count = 0;
  for (const unsigned long part : mask) count += std::popcount(part);
  if (filled < 0 || count <= 1) return 1;
  const double quota = std::ceil(cpu_quota(find_cgroups("cpu")));
  return std::max(1, static_cast<int>(std::min<double>(count, quota)));
}

}  // namespace brood::detail::sys
