// What the verbs that start commands share: the stop ladder of -s and -k, and adopting orphans.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "flags.hpp"

namespace cli {

/// Makes the ladder of two steps that --signal and --kill-after stand for. Errors: failure.
void make_ladder(std::string_view verb, settings& s);

/// Makes orphans of what we start our children, instead of init's. Where a filter of system calls
/// refuses that, nothing changes.
void become_reaper();

}  // namespace cli
