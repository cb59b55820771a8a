// What the verbs that start commands share: the stop ladder of -s and -k, and adopting orphans.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

#include "flags.hpp"

namespace cli {

/// --signal and --kill-after are short for a ladder of two steps. Errors: failure.
void make_ladder(std::string_view verb, settings& s);

/// Orphans of what we start come to us instead of being lost to init. On failure (a filter of
/// system calls) it is as if we had not asked.
void become_reaper();

}  // namespace cli
