// What the tool reads from /proc: facts about a process, and its own children.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <vector>

namespace cli {

/// Of proc_pid_stat(5). All zero if there is no such process.
struct proc_stat {
  char state = 0;  ///< 'R', 'S', 'T', 'Z', ...
  pid_t parent = 0;
  pid_t group = 0;
  std::uint64_t start = 0;  ///< in clock ticks; with the pid it names a process for good
};

proc_stat read_stat(pid_t pid);

/// The children of this process, of all its threads.
std::vector<pid_t> own_children();

}  // namespace cli
