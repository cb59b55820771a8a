// What /proc tells about other processes.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/pod_array.hpp"

namespace brood::detail::sys {

struct process_stat {
  char state = 0;
  int ppid = 0;
  int pgrp = 0;
  std::int64_t user_ns = 0;
  std::int64_t system_ns = 0;
  unsigned threads = 0;
  std::uint64_t start = 0;  ///< clock ticks after boot: with the pid, an identity
  std::uint64_t rss_bytes = 0;
};

/// False if there is no such process (any more). Source: proc_pid_stat(5).
bool read_stat(int pid, process_stat& out) noexcept;
/// Whether none of its threads can do anything before it is told to: stopped, or over.
bool is_stopped(int pid) noexcept;
/// Add the children of all of its threads. Without CONFIG_PROC_CHILDREN by going through all of
/// /proc. False if it could not be told.
bool read_children(int pid, pod_array<int>& out) noexcept;
/// Whether any process of the group is alive, zombies not counting.
bool group_is_alive(int pgid) noexcept;

}  // namespace brood::detail::sys
