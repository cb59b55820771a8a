// A child in its parent's memory by clone3(2), for which glibc has no wrapper.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <linux/sched.h>

namespace brood::detail {

/// `how` names a stack. The child calls entry(argument), which must not return.
/// \return in the parent alone: the pid or the negative errno; -ENOSYS on a processor that is not
/// known here.
long clone3(const clone_args& how, int (*entry)(void*), void* argument) noexcept;

}  // namespace brood::detail
