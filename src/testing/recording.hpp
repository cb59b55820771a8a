// Recorded commands as lines of JSON.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <brood/command.hpp>
#include <brood/error.hpp>
#include <brood/expected.hpp>
#include <brood/options.hpp>

namespace brood::detail {

/// One command, what went in and what came of it.
struct recording {
  std::vector<std::string> args;
  std::string cwd;
  std::string input;
  std::string out;
  std::string err;
  int code = 0;
  int signal = 0;      // it ended by this one, if not 0
  int os = 0;          // it could not be started, if not 0
  bool hangs = false;  // it was stopped by a time limit
  std::int64_t wall_ns = 0;
};

/// Run it for real. Errors: all that are not the command's own.
expected<recording, error> record_run(const command& cmd, const options& opts);

/// One line, with its newline. Bytes that are not UTF-8 are written in hexadecimal, under a name
/// that ends in "_hex".
std::string to_line(const recording& r);
/// nullopt if it is none. Members that it does not know are passed over.
std::optional<recording> from_line(std::string_view line);

}  // namespace brood::detail
