// What the tool reads from /proc: states, parents and children of processes.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <vector>

namespace cli {

struct proc_stat {
  char state = 0;  ///< 'R', 'S', 'T', 'Z', ...; 0 if there is no such process
  pid_t parent = 0;
};

proc_stat read_stat(pid_t pid);

/// The children of this process, of all its threads.
std::vector<pid_t> own_children();

}  // namespace cli
