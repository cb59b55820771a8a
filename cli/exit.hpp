// The exit statuses of the tool, which are those of timeout(1), env(1) and the shells.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include <brood/error.hpp>
#include <brood/result.hpp>

namespace cli {

inline constexpr int exit_timed_out = 124;
inline constexpr int exit_tool_failed = 125;  ///< the tool's own failure, usage errors included
inline constexpr int exit_not_executable = 126;
inline constexpr int exit_not_found = 127;
inline constexpr int exit_signal_base = 128;

/// Thrown for what the tool itself refuses or cannot do; main prints it and exits with 125.
struct failure {
  std::string text;
  int error = 0;  ///< the errno behind it, or 0
};

/// What the system refused, and why: "open 'log': No such file or directory".
inline failure system_failure(const std::string& what, int error = errno) {
  return {what + ": " + std::strerror(error), error};
}

/// For a command that was started.
inline int exit_status_of(const brood::completed_process& result) {
  if (result.reason == brood::reason::timed_out || result.reason == brood::reason::idle_timed_out) {
    return exit_timed_out;
  }
  if (const auto signal = result.status.signal()) return exit_signal_base + *signal;
  const int code = result.status.code().value_or(exit_tool_failed);
  // A command that was stopped because of its output may exit with 0. It has not succeeded: part of
  // its output is missing.
  if (result.reason == brood::reason::output_limit && code == 0) return exit_tool_failed;
  return code;
}

/// For a command that could not be started.
inline int exit_status_of(const brood::error& e) {
  if (e.stage() != brood::error_stage::exec) return exit_tool_failed;
  if (e.kind() == brood::error_kind::bad_request) return exit_tool_failed;
  return e.kind() == brood::error_kind::not_found ? exit_not_found : exit_not_executable;
}

}  // namespace cli
