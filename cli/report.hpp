// What the tool says on stderr about the end of a command.
// SPDX-License-Identifier: Apache-2.0
#pragma once

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

/// One line, without "brood: " and newline; empty if there is nothing to report.
std::string diagnosis(const brood::completed_process& result, const brood::command& cmd,
                      const settings& s);

}  // namespace cli
