// How an attempt ended: as one of a few states, and in words.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include "journal/types.hpp"

namespace journal {

/// `stopped`: with its run, by a signal or --halt; that says nothing about the job. `unfinished`:
/// its run was killed.
enum class attempt_state { succeeded, failed, stopped, running, unfinished };
/// `run`: the state of its run.
attempt_state state_of(const attempt& a, run_state run);
/// "succeeded", "failed"...
std::string_view to_text(attempt_state state);

/// "exit status 3", "killed by SIGSEGV", "timed out", "could not be started: ...", "succeeded", "is
/// running". `run`: the state of its run.
std::string describe_end(const attempt& a, run_state run = run_state::ended);

}  // namespace journal
