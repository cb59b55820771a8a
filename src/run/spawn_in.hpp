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

struct spawn_resources;

/// As try_spawn(), and with a `resources` whether it has started may not be known when this
/// returns: `cmd` is borrowed until settle_start(). A sealed command takes a guardian from the
/// resources and leaves it there when its process is destroyed. That must be before the resources
/// is, and on the same thread.
expected<process, error> try_spawn_in(spawn_resources* resources, const command& cmd, options opts);
/// While it has no pid, readable once settle_start() will not wait: which must be called before `p`
/// is used in any other way. -1: it has one; settle_start() waits least once `p` has ended.
int start_event(const process& p);
/// Wait until it has started; or why it has not.
std::optional<error> settle_start(process& p);
/// If it is known by now to have started: true, and what was kept for settle_start() is gone.
bool has_started(process& p);

}  // namespace brood::detail
