// Starting commands one after another, for those who run many.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <brood/command.hpp>
#include <brood/error.hpp>
#include <brood/expected.hpp>
#include <brood/options.hpp>
#include <brood/process.hpp>

namespace brood::detail {

class idle_guardians;

/// As try_spawn(). A sealed command takes a guardian from `idle`, if not null, and leaves it there
/// when its process is destroyed: which must be before `idle` is, and on the same thread.
expected<process, error> try_spawn_below(idle_guardians* idle, const command& cmd, options opts);

}  // namespace brood::detail
