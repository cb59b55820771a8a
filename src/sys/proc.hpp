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

  /// A zombie, or less. Of a program whose first thread ended before the others that thread alone
  /// is one: the process goes on.
  bool is_over() const noexcept { return (state == 'Z' || state == 'X') && threads <= 1; }
};

/// Whether /proc tells of the processes that our numbers name: 1 yes; 0 no, it is that of another
/// PID namespace, where the same number is somebody else; or the negative errno: it is not mounted
/// (-ENOENT), or could not be looked at. Asked before a walk, not for each process of it: the
/// kernel makes up a page of text for the answer.
int proc_is_ours() noexcept;
/// As proc_is_ours(), for each start: once it was, in this process, only whether our number is
/// still the same there.
int proc_is_still_ours() noexcept;

// Of the following, "gone" is an answer (-ESRCH); every other error means that we could not look.

/// 0 or the negative errno. Source: proc_pid_stat(5).
int look_at_process(int pid, process_stat& out) noexcept;
/// As look_at_process() == 0.
bool read_stat(int pid, process_stat& out) noexcept;
/// Whether none of its threads can do anything before it is told to: stopped, or over. False if
/// that cannot be told.
bool is_stopped(int pid) noexcept;
/// Add the children of all of its threads. Without CONFIG_PROC_CHILDREN by going through all of
/// /proc. 0, also for a process that is gone, as that has none; or the negative errno, and then
/// `out` may lack some of them.
int read_children(int pid, pod_array<int>& out) noexcept;
/// Add the processes of a group, zombies not counting. 0 or the negative errno.
int read_group(int pgid, pod_array<int>& out) noexcept;
/// Whether any process of the group is alive, zombies not counting. True if that cannot be told.
bool group_is_alive(int pgid) noexcept;

}  // namespace brood::detail::sys
