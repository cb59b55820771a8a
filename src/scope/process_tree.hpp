// The processes that a signal of a stop goes to: found by walking /proc, and held.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/deadline.hpp"
#include "base/pod_array.hpp"
#include "sys/pid_ref.hpp"

namespace brood::detail {

/// Passive: deliver() never sleeps. What could not be looked at is never taken for nobody: then
/// gone() is false and trouble() says why. Allocates only plain memory: the guardian uses it too.
class process_tree {
 public:
  enum class reach : unsigned char {
    process,   ///< the root alone
    group,     ///< the root's process group
    tree,      ///< the root, its group if it leads one, and all descendants
    children,  ///< all descendants of the root, but not itself
  };

  /// \param root   borrowed. For reach::children only its number is used, and may be our own.
  /// \param leads  it leads a process group.
  process_tree(reach r, const sys::pid_ref& root, bool leads) noexcept
      : reach_(r), root_(&root), pid_(root.pid()), leads_(leads) {}
  /// All descendants of the calling process.
  static process_tree below_us() noexcept;
  process_tree(const process_tree&) = delete;
  process_tree& operator=(const process_tree&) = delete;

  /// The root was reaped.
  void root_ended() noexcept { root_ended_ = true; }
  /// Look for descendants. They are held from then on, also when their parents end.
  void scan() noexcept;

  /// Send `signal` to everybody, or, not `fresh`, to those that came since; SIGKILL each time anew.
  ///
  /// Of a tree, whoever is about to get a signal is stopped before (SIGSTOP), generation by
  /// generation, and has its children looked for again then: one that forks as it dies would leave
  /// a child that nobody can find (docs/decisions/0014).
  ///
  /// \return when to call again, with the same signal and not `fresh`, because not all are stopped
  ///         yet; never: it was delivered.
  deadline deliver(int signal, bool fresh, std::int64_t now) noexcept;
  /// Nobody is left. (Of reach::children waitid says so with more certainty.)
  bool gone() noexcept;
  /// The root must not be reaped yet: nothing but its number, which is ours while it is there,
  /// names the group that is being stopped.
  bool needs_root() const noexcept;
  /// The first negative errno of the last deliver() or scan() that was not "gone"; 0: none.
  int trouble() const noexcept { return trouble_; }

 private:
  struct member {
    using relocatable_tag = void;
    sys::pid_ref ref;
    unsigned round = 0;   // in which it was signalled last
    bool frozen = false;  // told to stop since
  };
  process_tree(reach r, int pid) noexcept : reach_(r), pid_(pid) {}

  bool walks() const noexcept { return reach_ == reach::tree || reach_ == reach::children; }
  void note(int r) noexcept;
  void scan_below(int pid) noexcept;
  void hold(int pid, int parent) noexcept;
  bool root_alive() const noexcept;
  bool leads_now() noexcept;
  int signal_root(int signal) noexcept;
  int signal_group(int signal) noexcept;
  int signal_members_of_group(int signal) noexcept;
  bool root_is_due(int signal) const noexcept;
  bool is_due(const member& m, int signal) const noexcept;
  bool freeze(int signal, std::int64_t now) noexcept;
  bool freeze_new(int signal) noexcept;
  bool all_frozen() noexcept;
  void signal_all(int signal) noexcept;
  void signal_member(member& m, int signal, bool by_group) noexcept;
  void signal_root_and_group(int signal, bool by_group) noexcept;

  reach reach_;
  const sys::pid_ref* root_ = nullptr;
  int pid_;
  bool leads_ = false;
  bool root_ended_ = false;
  unsigned round_ = 1;
  unsigned root_round_ = 0;
  bool root_frozen_ = false;
  unsigned group_round_ = 0;
  bool group_killed_ = false;
  deadline freeze_ends_;  // of a delivery on its way
  int trouble_ = 0;
  pod_array<member> members_;
};

}  // namespace brood::detail
