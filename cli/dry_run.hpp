// `brood run --dry-run`: what would be run, and how.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include <brood/command.hpp>

#include "flags.hpp"

namespace cli {

/// The command, quoted for a shell, and a line for each option that is in force.
std::string describe(const brood::command& cmd, const settings& s);

}  // namespace cli
