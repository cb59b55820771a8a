// Starting commands one after another, for those who run many.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>

#include <brood/command.hpp>
#include <brood/error.hpp>
#include <brood/expected.hpp>
#include <brood/options.hpp>
#include <brood/process.hpp>

namespace brood::detail {

class idle_guardians;

/// As try_spawn(). A sealed command takes a guardian from `idle`, if not null, and leaves it there
/// when its process is destroyed: which must be before `idle` is, and on the same thread. It may
/// be on its way only when this returns, without a pid: `cmd` is borrowed until settle_start().
expected<process, error> try_spawn_below(idle_guardians* idle, const command& cmd, options opts);
/// Readable once settle_start() will not wait; -1: nor will it now.
int start_event(const process& p);
/// Wait until it has started; or why it has not. To be called before `p` is used in any other way.
std::optional<error> settle_start(process& p);

}  // namespace brood::detail
