// Walking and signalling a process tree on Linux.
// SPDX-License-Identifier: Apache-2.0
#include <signal.h>
#include <unistd.h>

#include <cerrno>

#include "scope/process_tree.hpp"
#include "sys/proc.hpp"

namespace brood::detail {

namespace {

// How long a signal waits for everybody to be at a halt. A process that is longer in
// uninterruptible sleep cannot be forking meanwhile.
constexpr std::int64_t freeze_patience = 250'000'000;
// After that, so many looks for new children: more than generations are made meanwhile.
constexpr int most_late_looks = 16;
// SIGSTOP takes effect when its receiver next runs, mostly within this.
constexpr std::int64_t freeze_pause = 50'000;

// A stopped process does not act on SIGTERM until it goes on.
int signal_and_wake(const sys::pid_ref& p, int signal) noexcept {
  const int r = p.signal(signal);
  if (r == 0 && signal != SIGKILL && signal != SIGSTOP && signal != SIGCONT) {
    (void)p.signal(SIGCONT);
  }
  return r;
}

}  // namespace

process_tree process_tree::below_us() noexcept { return {reach::children, ::getpid()}; }

void process_tree::note(int r) noexcept {
  if (r < 0 && r != -ESRCH && trouble_ == 0) trouble_ = r;
}

bool process_tree::root_alive() const noexcept {
  return reach_ != reach::children && !root_ended_ && root_->alive();
}

// Also when the child made itself a leader after its start.
bool process_tree::leads_now() noexcept {
  if (!leads_ && reach_ == reach::tree && root_alive()) leads_ = ::getpgid(pid_) == pid_;
  return leads_;
}

void process_tree::hold(int pid, int parent) noexcept {
  for (const member& m : members_) {
    if (m.ref.pid() == pid && m.ref.alive()) return;
  }
  member m;
  m.ref = sys::pid_ref::find(pid, parent);
  if (!m.ref) return m.ref.error() == -ECHILD ? void() : note(m.ref.error());
  if (!members_.add(std::move(m))) note(-ENOMEM);
}

void process_tree::scan_below(int pid) noexcept {
  pod_array<int> children;
  note(sys::read_children(pid, children));
  for (const int child : children) {
    if (child > 1) hold(child, pid);
  }
}

void process_tree::scan() noexcept {
  if (!walks()) return;
  if (const int r = sys::proc_is_ours(); r != 1) return note(r == 0 ? -ENOENT : r);
  if (reach_ == reach::children || root_alive()) scan_below(pid_);
  // members_ grows while we go, so that the children of new ones are found as well.
  for (std::size_t i = 0; i < members_.size(); ++i) {
    if (members_[i].ref.alive()) scan_below(members_[i].ref.pid());
  }
  std::size_t left = 0;  // in their order: parents before their children
  for (std::size_t i = 0; i < members_.size(); ++i) {
    if (!members_[i].ref.alive()) continue;
    if (left != i) members_[left] = std::move(members_[i]);
    ++left;
  }
  while (members_.size() > left) members_.remove_last();
}

bool process_tree::root_is_due(int signal) const noexcept {
  return (root_round_ != round_ || signal == SIGKILL) && root_alive();
}

// A process that joined the group after it was signalled was started by a handler: leave it alone.
bool process_tree::is_due(const member& m, int signal) const noexcept {
  if (signal == SIGKILL) return true;
  return m.round != round_ && !(group_round_ == round_ && ::getpgid(m.ref.pid()) == pid_);
}

int process_tree::signal_root(int signal) noexcept {
  if (!root_is_due(signal)) return 0;
  root_round_ = round_;
  return signal_and_wake(*root_, signal);
}

int process_tree::signal_group(int signal) noexcept {
  if (group_round_ == round_ && signal != SIGKILL) return 0;
  group_round_ = round_;
  const int r = root_->signal_group(signal);
  if (r == -EOPNOTSUPP) return signal_members_of_group(signal);
  group_killed_ = group_killed_ || (r == 0 && signal == SIGKILL);
  if (r == 0 && signal != SIGKILL && signal != SIGSTOP && signal != SIGCONT) {
    (void)root_->signal_group(SIGCONT);
  }
  return r;
}

// Before Linux 6.9, once the leader was reaped: its number names the group only as long as that has
// members, so each of those is found and signalled by itself.
int process_tree::signal_members_of_group(int signal) noexcept {
  if (sys::proc_is_ours() != 1) return -EOPNOTSUPP;
  sys::process_stat s;
  if (sys::read_stat(pid_, s)) return 0;  // the number is used again: the group is gone
  pod_array<int> members;
  if (const int r = sys::read_group(pid_, members); r < 0) return r;
  int first = 0;
  for (const int pid : members) {
    if (!sys::read_stat(pid, s) || s.pgrp != pid_) continue;
    const int r = signal_and_wake(sys::pid_ref::find(pid, s.ppid), signal);
    if (r < 0 && r != -ESRCH && first == 0) first = r;
  }
  return first;
}

bool process_tree::freeze_new(int signal) noexcept {
  bool news = false;
  // A process that may not be stopped is not waited for.
  if (!root_frozen_ && root_is_due(signal)) root_frozen_ = news = root_->signal(SIGSTOP) == 0;
  for (member& m : members_) {
    if (m.frozen || !is_due(m, signal)) continue;
    m.frozen = m.ref.signal(SIGSTOP) == 0;
    news = news || m.frozen;
  }
  return news;
}

bool process_tree::all_frozen() noexcept {
  if (root_frozen_ && root_alive() && !sys::is_stopped(pid_)) return false;
  for (member& m : members_) {
    if (m.frozen && m.ref.alive() && !sys::is_stopped(m.ref.pid())) return false;
  }
  return true;
}

// Generation by generation: a process at a halt does not fork, nor does one whose SIGSTOP is still
// pending, so the children of a late one are complete as well. True once no new child was found.
bool process_tree::freeze(int signal, std::int64_t now) noexcept {
  if (freeze_ends_.is_never()) freeze_ends_ = deadline::after(now, freeze_patience);
  const bool late = freeze_ends_.passed(now);
  for (int looks = 0; !late || looks < most_late_looks; ++looks) {
    if (!late && !all_frozen()) return false;
    scan();
    if (!freeze_new(signal)) break;
  }
  freeze_ends_ = deadline::never();
  return true;
}

void process_tree::signal_member(member& m, int signal, bool by_group) noexcept {
  if (m.round == round_ && signal != SIGKILL) return;
  m.round = round_;
  if (by_group && signal != SIGKILL && ::getpgid(m.ref.pid()) == pid_) return;
  note(signal_and_wake(m.ref, signal));
}

void process_tree::signal_root_and_group(int signal, bool by_group) noexcept {
  if (by_group) {
    note(signal_group(signal));
    // The group covers the root; sent to both, it would get the signal twice.
    if (root_alive() && ::getpgid(pid_) == pid_) root_round_ = round_;
  }
  if (reach_ != reach::children) note(signal_root(signal));
}

void process_tree::signal_all(int signal) noexcept {
  if (signal != SIGKILL && signal != SIGSTOP) {  // they go on, to act on it
    root_frozen_ = false;
    for (member& m : members_) m.frozen = false;
  }
  const bool whole_tree = reach_ == reach::tree && signal != SIGCONT;
  const bool by_group = (reach_ == reach::group || reach_ == reach::tree) && leads_now();
  // A stopped process must go on before its parent ends: the kernel sends SIGHUP to stopped groups
  // that become orphans. Others get the signal after their parents, which may start another when
  // they see a child end.
  if (!whole_tree) signal_root_and_group(signal, by_group);
  const std::size_t n = members_.size();
  for (std::size_t i = 0; i < n; ++i) {
    signal_member(members_[whole_tree ? n - 1 - i : i], signal, by_group);
  }
  if (whole_tree) signal_root_and_group(signal, by_group);
}

deadline process_tree::deliver(int signal, bool fresh, std::int64_t now) noexcept {
  trouble_ = 0;
  if (fresh) {
    ++round_;
    freeze_ends_ = deadline::never();
  }
  if (reach_ != reach::tree || signal == SIGCONT) {
    scan();
  } else if (!freeze(signal, now)) {
    return deadline::after(now, freeze_pause);
  }
  signal_all(signal);
  return deadline::never();
}

bool process_tree::needs_root() const noexcept {
  return reach_ == reach::group && leads_ && !root_->reaches_group_when_reaped() &&
         sys::proc_is_ours() != 1;
}

bool process_tree::gone() noexcept {
  const int before = trouble_;
  trouble_ = 0;
  scan();
  const bool blind = trouble_ != 0;
  if (before != 0) trouble_ = before;
  if (blind || root_alive() || members_.size() > 0) return false;
  if (reach_ != reach::group && !(reach_ == reach::tree && leads_)) return true;
  const int r = root_->signal_group(0);
  sys::process_stat s;
  const bool reused = r == -EOPNOTSUPP && sys::read_stat(pid_, s);  // the group's number
  if (r == -ESRCH || reused) return true;
  // Without /proc zombies cannot be told from others, but nobody in a group outlives its SIGKILL.
  return sys::proc_is_ours() == 1 ? !sys::group_is_alive(pid_) : group_killed_;
}

}  // namespace brood::detail
