// What belongs to another user's command beside its ids.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "flags.hpp"

namespace cli {

inline constexpr own_flag keep_terminal_flag{
    "--keep-terminal", "", "With --user: stay in this terminal's session, and able to type there",
    "Identity", [](settings& s, const std::string&) { s.keep_terminal = true; }};

/// With --user, for another user than ours: HOME, USER, LOGNAME and SHELL are that user's, as under
/// sudo(8), unless --env says otherwise; and at a terminal the command gets a session of its own
/// unless --keep-terminal is given, as it could type for us into ours (TIOCSTI, ioctl_tty(2)).
void complete_identity(settings& s);

}  // namespace cli
