// A child in its parent's memory by clone3(2), for which glibc has no wrapper.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <linux/sched.h>

#include "spawn/child_side.hpp"

namespace brood::detail {

/// Make a child that shares our memory and has no handlers of ours, so no signal need be held back
/// meanwhile; it runs child_entry(start). `how` has the stack, where the pidfd goes, and more flags
/// where wanted.
/// \return the pid or the negative errno; -ENOSYS on a processor that is not known here.
int clone3(clone_args how, child_start& start) noexcept;

/// Whether it may be tried with clone(2): not there, too old for a flag of ours, or refused by a
/// filter that cannot look into its arguments.
bool lacks_clone3(int result) noexcept;

}  // namespace brood::detail
