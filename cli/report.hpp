// What the tool says on stderr about the end of a command.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <string>

#include <brood/command.hpp>
#include <brood/duration.hpp>
#include <brood/result.hpp>

#include "flags.hpp"

namespace cli {

/// Formats as printf(3) does, up to 63 characters.
std::string to_text(const char* format, double value);
/// "10 s", "250 ms", "1.5 s".
std::string to_text(brood::duration d);

/// What remains of a wait: in whole milliseconds, above a second in hundredths.
std::string rounded(std::chrono::nanoseconds t);

/// Why it was stopped, or how it ended by itself: "timed out after 250 ms", "exit status 3".
std::string ending_of(const brood::completed_process& result, const brood::options& o);

/// One line, without "brood: " and newline; empty if there is nothing to report.
std::string diagnosis(const brood::completed_process& result, const brood::command& cmd,
                      const settings& s);

}  // namespace cli
