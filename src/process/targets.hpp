// Whom a stop reaches: the processes that a containment level can name at this moment.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/pod_array.hpp"

namespace brood::detail {

/// The processes below one root, found by walking /proc, each held by a pidfd so that a number
/// that is used again cannot be hit. Allocates only plain memory: the guardian uses it too.
class targets {
 public:
  enum class reach : unsigned char {
    process,   ///< the root alone
    group,     ///< the root's process group
    tree,      ///< the root, its group if it leads one, and all descendants
    children,  ///< all descendants of the calling process, but not itself: the guardian's
  };

  /// `pidfd` is borrowed; -1 where there is none. `leads` : the root leads a process group.
  targets(reach r, int root, int pidfd, bool leads) noexcept;
  ~targets();
  targets(const targets&) = delete;
  targets& operator=(const targets&) = delete;

  /// The root was reaped: its number may not be used any more.
  void root_ended() noexcept { root_ended_ = true; }
  /// Look for descendants. They are held from then on, also when their parents end.
  void scan() noexcept;
  /// A new rung of the ladder: everybody gets its signal once more.
  void new_round() noexcept { ++round_; }
  /// Look for new descendants and send `signal` to all that have not had it in this round;
  /// SIGKILL again each time. 0, or the first errno that was not "gone".
  ///
  /// Of a tree, whoever is about to get a signal is stopped before (SIGSTOP), and has its children
  /// looked for again then: one that forks as it dies would leave a child that nobody can find.
  int deliver(int signal) noexcept;
  /// Nobody is left. (For reach::children the guardian knows better: waitid says ECHILD.)
  bool gone() noexcept;

 private:
  struct member {
    int pid;
    int pidfd;  // -1: known by its start time
    std::uint64_t start;
    unsigned round;  // in which it was signalled last
    bool frozen;     // told to stop since
  };
  void scan_below(int pid) noexcept;
  void hold(int pid, int parent) noexcept;
  bool alive(const member& m) const noexcept;
  bool root_alive() const noexcept;
  bool leads_now() noexcept;
  int send(const member& m, int signal) const noexcept;
  int send_root(int signal) noexcept;
  int send_group(int signal) noexcept;
  bool root_is_due(int signal) const noexcept;
  bool is_due(const member& m, int signal) const noexcept;
  int deliver_root(int signal, bool by_group) noexcept;
  int deliver_below(std::size_t i, int signal, bool by_group) noexcept;
  void freeze(int signal) noexcept;
  bool freeze_new(int signal) noexcept;
  void await_frozen(std::int64_t until) noexcept;

  reach reach_;
  int root_;
  int pidfd_;
  bool leads_;
  bool root_ended_ = false;
  unsigned round_ = 1;
  unsigned root_round_ = 0;
  bool root_frozen_ = false;
  unsigned group_round_ = 0;
  pod_array<member> members_;
};

}  // namespace brood::detail
