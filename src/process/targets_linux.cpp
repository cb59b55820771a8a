// Walking and signalling a process tree on Linux.
// SPDX-License-Identifier: Apache-2.0
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>

#include "process/targets.hpp"
#include "sys/fd.hpp"
#include "sys/proc.hpp"
#include "sys/reap.hpp"
#include "sys/time.hpp"
#include "sys/wait.hpp"

namespace brood::detail {

namespace {

constexpr std::int64_t freeze_patience =
    250'000'000;  // ns; who is in the kernel that long forks not
constexpr std::int64_t freeze_pause = 50'000;

bool readable(int number) noexcept {
  pollfd p{number, POLLIN, 0};
  return ::poll(&p, 1, 0) > 0;
}

// A stopped process does not act on SIGTERM until it goes on.
int signal_and_wake(int pid, int pidfd, int signal) noexcept {
  const int r = sys::send_signal(pid, pidfd, signal);
  if (r == 0 && signal != SIGKILL && signal != SIGSTOP && signal != SIGCONT) {
    (void)sys::send_signal(pid, pidfd, SIGCONT);
  }
  return r == -ESRCH ? 0 : r;
}

}  // namespace

targets::targets(reach r, int root, int pidfd, bool leads) noexcept
    : reach_(r), root_(root), pidfd_(pidfd), leads_(leads) {}

targets::~targets() {
  for (const member& m : members_) {
    if (m.pidfd >= 0) sys::close_fd(m.pidfd);
  }
}

bool targets::root_alive() const noexcept { return reach_ != reach::children && !root_ended_; }

// Also when the child made itself a leader after its start.
bool targets::leads_now() noexcept {
  if (!leads_ && root_alive() && reach_ == reach::tree) leads_ = ::getpgid(root_) == root_;
  return leads_;
}

bool targets::alive(const member& m) const noexcept {
  if (m.pidfd >= 0) return !readable(m.pidfd);
  sys::process_stat s;
  return sys::read_stat(m.pid, s) && s.start == m.start && s.state != 'Z' && s.state != 'X';
}

void targets::hold(int pid, int parent) noexcept {
  for (const member& m : members_) {
    if (m.pid == pid && alive(m)) return;
  }
  const int pidfd = sys::open_pidfd(pid);
  sys::process_stat s;
  // Between the listing and the pidfd the number may have gone to a stranger.
  const bool ours = sys::read_stat(pid, s) && s.ppid == parent && s.state != 'Z';
  if (!ours || !members_.add({pid, pidfd >= 0 ? pidfd : -1, s.start, 0, false})) {
    if (pidfd >= 0) sys::close_fd(pidfd);
  }
}

void targets::scan_below(int pid) noexcept {
  pod_array<int> children;
  (void)sys::read_children(pid, children);
  for (const int child : children) {
    if (child > 1) hold(child, pid);
  }
}

void targets::scan() noexcept {
  if (reach_ == reach::process || reach_ == reach::group) return;
  if (reach_ == reach::children || root_alive()) scan_below(root_);
  // members_ grows while we go, so that the children of new ones are found as well.
  for (std::size_t i = 0; i < members_.size(); ++i) {
    if (alive(members_[i])) scan_below(members_[i].pid);
  }
  std::size_t left = 0;  // in their order: parents before their children
  for (const member& m : members_) {
    if (alive(m)) {
      members_[left++] = m;
    } else if (m.pidfd >= 0) {
      sys::close_fd(m.pidfd);
    }
  }
  while (members_.size() > left) members_.remove(members_.size() - 1);
}

int targets::send(const member& m, int signal) const noexcept {
  if (m.pid <= 1 || !alive(m)) return 0;
  return signal_and_wake(m.pid, m.pidfd, signal);
}

bool targets::root_is_due(int signal) const noexcept {
  return root_alive() && (root_round_ != round_ || signal == SIGKILL);
}

// Who came into a group that had the signal was started since, by one who acts on it: left alone.
bool targets::is_due(const member& m, int signal) const noexcept {
  if (signal == SIGKILL) return true;
  return m.round != round_ && !(group_round_ == round_ && ::getpgid(m.pid) == root_);
}

int targets::send_root(int signal) noexcept {
  if (!root_is_due(signal)) return 0;
  root_round_ = round_;
  return signal_and_wake(root_, pidfd_, signal);
}

int targets::send_group(int signal) noexcept {
  if (group_round_ == round_ && signal != SIGKILL) return 0;
  group_round_ = round_;
  const int r = sys::send_group_signal(root_, pidfd_, signal);
  if (r == 0 && signal != SIGKILL && signal != SIGSTOP && signal != SIGCONT) {
    (void)sys::send_group_signal(root_, pidfd_, SIGCONT);
  }
  return r == -ESRCH ? 0 : r;
}

bool targets::freeze_new(int signal) noexcept {
  bool news = false;
  // Who may not be stopped is not waited for.
  if (root_is_due(signal) && !root_frozen_) {
    root_frozen_ = news = sys::send_signal(root_, pidfd_, SIGSTOP) == 0;
  }
  for (member& m : members_) {
    if (!is_due(m, signal) || m.frozen || m.pid <= 1 || !alive(m)) continue;
    m.frozen = sys::send_signal(m.pid, m.pidfd, SIGSTOP) == 0;
    news = news || m.frozen;
  }
  return news;
}

void targets::await_frozen(std::int64_t until) noexcept {
  const auto settled = [&] {
    if (root_frozen_ && root_alive() && !sys::is_stopped(root_)) return false;
    for (member& m : members_) {
      if (m.frozen && alive(m) && !sys::is_stopped(m.pid)) return false;
    }
    return true;
  };
  for (std::int64_t now = sys::now(); now < until && !settled(); now = sys::now()) {
    sys::sleep_until(deadline::at(now + freeze_pause));
  }
}

// Generation by generation: what is stopped does not fork any more.
void targets::freeze(int signal) noexcept {
  const std::int64_t until = sys::now() + freeze_patience;
  for (scan(); freeze_new(signal) && sys::now() < until; scan()) await_frozen(until);
}

int targets::deliver_below(std::size_t i, int signal, bool by_group) noexcept {
  member& m = members_[i];
  if (m.round == round_ && signal != SIGKILL) return 0;
  m.round = round_;
  if (by_group && signal != SIGKILL && ::getpgid(m.pid) == root_) return 0;
  return send(m, signal);
}

int targets::deliver_root(int signal, bool by_group) noexcept {
  int r = 0;
  if (by_group) {
    r = send_group(signal);
    // The group covers the root; sent to both, it would get the signal twice.
    if (root_alive() && ::getpgid(root_) == root_) root_round_ = round_;
  }
  const int own = reach_ != reach::children ? send_root(signal) : 0;
  return r < 0 ? r : own;
}

int targets::deliver(int signal) noexcept {
  const bool whole_tree = reach_ == reach::tree && signal != SIGCONT;
  whole_tree ? freeze(signal) : scan();
  if (signal != SIGKILL && signal != SIGSTOP) {  // they go on, to act on it
    root_frozen_ = false;
    for (member& m : members_) m.frozen = false;
  }
  int first = 0;
  const auto note = [&](int r) {
    if (r < 0 && first == 0) first = r;
  };
  const bool by_group = (reach_ == reach::group || reach_ == reach::tree) && leads_now();
  const std::size_t n = members_.size();
  // Who is stopped must go on before its parent ends: the kernel sends SIGHUP to stopped groups
  // that become orphans. Who is not may start another when it sees its child end.
  if (!whole_tree) note(deliver_root(signal, by_group));
  for (std::size_t i = 0; i < n; ++i) {
    note(deliver_below(whole_tree ? n - 1 - i : i, signal, by_group));
  }
  if (whole_tree) note(deliver_root(signal, by_group));
  return first;
}

bool targets::gone() noexcept {
  scan();
  if (root_alive() || members_.size() > 0) return false;
  const bool group = reach_ == reach::group || (reach_ == reach::tree && leads_);
  return !group || sys::send_group_signal(root_, pidfd_, 0) == -ESRCH ||
         !sys::group_is_alive(root_);
}

}  // namespace brood::detail
