// What run() and pool do alike about the attempts of a command.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include <brood/environment.hpp>
#include <brood/error.hpp>
#include <brood/expected.hpp>
#include <brood/result.hpp>
#include <brood/retry.hpp>

namespace brood::detail {

std::optional<error> find_mistake(const retry_policy& p);

/// BROOD_ATTEMPT in the command's environment.
void number_attempt(environment& env, int attempt);

/// How one of several attempts is remembered: by its result, or, not started, by its arguments.
completed_process as_attempt(expected<completed_process, error> ended,
                             const std::vector<std::string>& args);
/// To the last result, or to the result that the last error carries. `before` is not empty.
void add_attempts(expected<completed_process, error>& last, std::vector<completed_process> before);

}  // namespace brood::detail
