// How many CPUs this process may use.
// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace brood::detail::sys {

/// At least 1. Sources: sched_getaffinity(2), and the quotas of control groups, of which half a CPU
/// counts as one.
int usable_cpus();

}  // namespace brood::detail::sys
