// Waiting for the end of a process of the engine's, by its own event, hearing signals.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include <brood/process.hpp>

#include "python.hpp"

namespace brood_python {

/// The status once it has ended, or nothing at `until`. Its streams are left alone. With the GIL,
/// released to wait. Raises what a signal's handler raised: the process is untouched then.
std::optional<brood::exit_status> await_end(brood::process& p, std::int64_t until);

}  // namespace brood_python
