// Waiting for processes and signalling them, by pidfd where there is one.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace brood::detail::sys {

/// What the kernel says of a process that ended.
struct exit_record {
  int how = 0;    ///< CLD_EXITED, CLD_KILLED, CLD_DUMPED; 0: not known
  int value = 0;  ///< exit code or signal
  std::int64_t user_ns = 0;
  std::int64_t system_ns = 0;
  std::uint64_t max_rss_bytes = 0;
  std::uint64_t minor_faults = 0;
  std::uint64_t major_faults = 0;
  std::uint64_t blocks_in = 0;
  std::uint64_t blocks_out = 0;
  std::uint64_t voluntary_switches = 0;
  std::uint64_t involuntary_switches = 0;
};

enum class wait_mode : unsigned char {
  block,
  poll,
  look,  ///< as poll, but the child stays to be reaped
};

/// Reap the child: 1 if it ended (`out` is filled), 0 if it still runs (poll), or the negative
/// errno; -ECHILD if somebody else reaped it. `pidfd` may be -1. Refuses pid <= 0.
int reap(int pid, int pidfd, wait_mode mode, exit_record& out) noexcept;
/// Reap a child that is about to end, whatever the call says: for children that failed to start.
void reap_for_certain(int pid, int pidfd) noexcept;
/// Any child of this process, for a process that owns all its children: its pid, 0 if none has
/// ended, -ECHILD if there is none.
int reap_any(exit_record& out) noexcept;
/// The status of a child that somebody else reaped (PIDFD_GET_INFO, Linux 6.15): 0 or -errno.
int exit_after_reap(int pidfd, exit_record& out) noexcept;

int open_pidfd(int pid) noexcept;
/// Signal one process. `pidfd` may be -1: then by number. Refuses pid <= 0.
int send_signal(int pid, int pidfd, int signal) noexcept;

/// All signals blocked for this thread while it lives; the old mask comes back on every path.
class signals_blocked {
 public:
  signals_blocked() noexcept;
  ~signals_blocked();
  signals_blocked(const signals_blocked&) = delete;
  signals_blocked& operator=(const signals_blocked&) = delete;

 private:
  unsigned long saved_[16];  // a sigset_t, without its header
};

}  // namespace brood::detail::sys
