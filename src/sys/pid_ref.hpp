// One process, held so that no signal and no wait can reach another that got its number.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "sys/fd.hpp"
#include "sys/reap.hpp"

namespace brood::detail::sys {

/// A pid, a pidfd and a start time, owned together. Which of them is used depends on what works
/// here; each newer system call has a fallback of its own, found out once for each call:
///
/// - a child of ours may be named by its number until it is reaped, and only until then;
/// - any other process is named by its pidfd, or, without one, by its number after a look at
///   whether the process of that number still has the same start time.
///
/// Results are values >= 0 or the negative errno. Nothing here allocates or throws, and the bytes
/// of a pid_ref may be moved in memory (realloc). Threads: as for any value, the owner serialises;
/// const members may run side by side.
class pid_ref {
 public:
  /// No process: every call says -ESRCH.
  pid_ref() noexcept = default;
  pid_ref(pid_ref&& o) noexcept;
  pid_ref& operator=(pid_ref&& o) noexcept;
  ~pid_ref() = default;

  /// A child of this process that nobody has reaped. `pidfd` may be empty.
  static pid_ref child(int pid, fd pidfd) noexcept;
  /// The process `pid` if it is a child of `expected_parent` and alive; else empty, see error().
  /// It holds no pidfd where there is none to be had, and where descriptors are running out: the
  /// walk that looks for more processes needs some. Only where proc_is_ours().
  static pid_ref find(int pid, int expected_parent) noexcept;

  /// A process that somebody whose child it is told us of, perhaps with its pidfd.
  static pid_ref told(int pid, fd pidfd) noexcept;

  explicit operator bool() const noexcept { return pid_ > 0; }
  /// Why find() is empty: -ESRCH there is no such process (any more), -ECHILD it is somebody
  /// else's child (now), anything else: it could not be looked at.
  int error() const noexcept { return error_; }
  /// Also once it was reaped, then as a name only.
  int pid() const noexcept { return pid_; }
  int pidfd() const noexcept { return pidfd_.get(); }

  /// 0; -ESRCH: it is gone; -EPERM: it may really not be signalled.
  int signal(int number) const noexcept;
  /// To the process group that it leads, also after its end. -ESRCH: nobody is in it; -EOPNOTSUPP:
  /// it was reaped, and before Linux 6.9 the number alone does not tell whose group it is now.
  /// Refuses our own group.
  int signal_group(int number) const noexcept;
  /// Whether that works after it was reaped, as far as is known. Certain once a group was
  /// signalled.
  bool reaches_group_when_reaped() const noexcept;
  /// False once it ended, as a zombie too. True if that cannot be told.
  bool alive() const noexcept;
  /// For children of ours: 1 it ended and is reaped, `out` is filled; 0 it runs (poll, look);
  /// -ECHILD somebody else reaped it, so that its number is not used any more either. Of the other
  /// errors only -EINTR and shortages are worth another try.
  int reap(wait_mode mode, exit_record& out) noexcept;

 private:
  enum class bond : unsigned char { none, child, found, reaped };

  int look() const noexcept;
  int signal_by_number(int number) const noexcept;

  int pid_ = -1;
  int error_ = 0;
  bond bond_ = bond::none;
  fd pidfd_;
  std::uint64_t start_ = 0;  // of one that was found
};

}  // namespace brood::detail::sys
