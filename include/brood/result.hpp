// What is left when a command has ended.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <brood/status.hpp>

namespace brood {

/// The result of a command that was started.
struct [[nodiscard]] completed_process {
  std::vector<std::string> args;
  int pid = -1;
  exit_status status;
  brood::reason reason = brood::reason::not_started;
  std::string out;  ///< collected stdout: bytes, or UTF-8 text under .text / .encoding
  std::string err;  ///< collected stderr
  std::uint64_t out_omitted = 0;  ///< bytes of stdout that options::max_output left out
  std::uint64_t err_omitted = 0;
  /// False if output was given up on: somebody still held the pipe when the call had to return.
  bool complete = true;
  brood::usage usage;
  brood::containment containment = brood::containment::process;  ///< what was in force
  brood::backend backend = brood::backend::native;
  /// Of a command that was stopped before it had executed its program: what took so long, as
  /// "open 'fifo'"; else empty.
  std::string stuck_in = {};
  /// What a stop could not end, and why, as one line; empty: nothing. Otherwise `status` may be
  /// undetermined: the command may still run.
  std::string not_stopped = {};
  std::vector<std::string> degraded;        ///< what options::best_effort left out, one line each
  std::vector<completed_process> attempts;  ///< those before this one, oldest first; see retry
  bool accepted = false;                    ///< ended by itself with one of options::ok_codes

  /// Python's convention: the exit code, or the negative number of the signal; nullopt if it never
  /// ran or its status was lost.
  std::optional<int> returncode() const noexcept { return status.returncode(); }
  bool success() const noexcept { return accepted; }
};

}  // namespace brood
