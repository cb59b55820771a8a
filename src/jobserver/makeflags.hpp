// The jobserver in MAKEFLAGS: finding it, and putting ours there.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace brood::detail {

/// What `--jobserver-auth=` says, or `--jobserver-fds=` (make 4.1 and older). The last one counts;
/// what comes after `--` are variables, not flags (GNU make's manual, "POSIX Jobserver").
std::optional<std::string> jobserver_in(std::string_view makeflags);

/// The same flags with the jobserver `ours` instead of theirs, and without their -j.
std::string with_jobserver(std::string_view makeflags, std::string_view ours);

}  // namespace brood::detail
