// Run a command to its end: the everyday entry point.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include <brood/command.hpp>
#include <brood/error.hpp>
#include <brood/expected.hpp>
#include <brood/options.hpp>
#include <brood/result.hpp>

namespace brood {

/// Start `cmd`, move its bytes, wait for its end.
///
/// A bad exit is a value, not an error, unless .check. With .timeout the call returns by then, plus
/// the stop ladder, plus a short drain, whatever the command's descendants do.
/// Threads: any, at any time.
/// Errors:  usage_error before anything is started; spawn_error if it could not be started;
///          timeout_expired and called_process_error carry the result.
completed_process run(const command& cmd, const options& opts = {});

/// run() with its errors as a value.
expected<completed_process, error> try_run(const command& cmd, const options& opts = {});

/// What is wrong with a command and its options, as far as can be found out without starting it:
/// everything that would be a usage_error, and users and groups that do not exist.
[[nodiscard]] std::optional<error> find_mistake(const command& cmd, const options& opts = {});

/// stdout of a command that must succeed (.out = PIPE, .check = true), to end-of-file unless
/// .drain_grace says otherwise. Errors: as run(); called_process_error too if a deadline cut the
/// output short.
[[nodiscard]] std::string check_output(const command& cmd, options opts = {});

/// Run a command that must succeed (.check = true).
void check_call(const command& cmd, options opts = {});

}  // namespace brood
