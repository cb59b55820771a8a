// How many CPUs this process may use.
// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace brood::detail::sys {

/// At least 1. Source: sched_getaffinity(2).
int usable_cpus() noexcept;

}  // namespace brood::detail::sys
