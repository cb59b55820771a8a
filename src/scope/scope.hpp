// Whom a stop reaches, and the command itself: one class per level of containment.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <brood/error.hpp>
#include <brood/expected.hpp>
#include <brood/status.hpp>

#include "base/deadline.hpp"
#include "base/ladder_steps.hpp"
#include "scope/spawn_resources.hpp"
#include "spawn/plan.hpp"
#include "sys/reap.hpp"
#include "sys/wait.hpp"

namespace brood::detail {

/// How a command ended.
struct ending {
  sys::exit_record record;  ///< record.how == 0: its status was lost
  std::int64_t at = 0;      ///< monotonic ns
};

/// A command that was told to start, and everybody that a stop of it reaches. Passive: it never
/// sleeps; wants() says when update() may learn something. Threads: the owner serialises.
class scope {
 public:
  scope() = default;
  scope(const scope&) = delete;
  scope& operator=(const scope&) = delete;
  virtual ~scope() = default;

  int pid() const noexcept { return pid_; }  ///< -1: not known yet
  std::int64_t started_at() const noexcept { return started_at_; }
  /// It was told to start, and has not executed its program as far as we know.
  virtual bool starting() const noexcept { return false; }
  /// Returns when it is not starting() any more, or at `until`.
  virtual void await_start(deadline) noexcept {}
  /// It did not start: nobody is in reach.
  bool refused() const noexcept { return refused_; }
  /// Why not.
  virtual error refusal() const = 0;
  /// While it is starting: the step that takes so long, as an error without a reason.
  virtual error hanging_start() const = 0;

  bool exited() const noexcept { return exited_; }
  const ending& end() const noexcept { return end_; }

  /// Add what update() waits for. \return when to call it at the latest.
  virtual deadline wants(std::vector<sys::wait_item>& items) const = 0;
  /// Take in what has happened. The status is reaped here, exactly once.
  virtual void update() noexcept = 0;
  /// The moment of wants() has come, and no event: look whether one is missing.
  virtual void overdue() noexcept {}
  /// As update(), for a caller with nothing else to wait for: returns once the command has ended.
  virtual void wait_for_exit() noexcept = 0;
  /// Whether wants() has an event for the exit; false: ask now and then.
  virtual bool has_exit_event() const noexcept { return true; }

  /// Signal the command alone. 0 or the negative errno.
  virtual int signal(int number) noexcept = 0;
  /// Remember who is in reach now, before the first signal of a stop: the end of one may end
  /// another by itself, and whoever is below that one cannot be found any more.
  virtual void hold() noexcept {}
  /// Signal everybody in reach, or, not `fresh`, those that came since; SIGKILL each time anew.
  /// Where that takes several steps it is not over when this returns.
  /// \return when to call again to carry it on; never: it is over.
  virtual deadline deliver(int number, bool fresh, std::int64_t now) noexcept = 0;
  /// Why somebody in reach was not signalled in the last deliver(): the negative errno, or 0.
  virtual int trouble() const noexcept { return 0; }
  /// Nobody in reach is left. By evidence: if it cannot be told, somebody is.
  virtual bool empty() noexcept = 0;
  /// What it reads is a file: all of the input is written at once, before it can end.
  virtual bool reads_a_file() const noexcept { return false; }
  /// empty() turns true with an event of wants().
  virtual bool hears_of_empty() const noexcept { return false; }
  /// What carries out our signals is gone.
  virtual bool lost() const noexcept { return false; }

  /// Stop caring for it: nobody is signalled or reaped any more.
  virtual void release() noexcept {}
  /// The owner is a forked copy of the process that started it: nothing is ours.
  virtual void disown() noexcept {}

 protected:
  int pid_ = -1;
  std::int64_t started_at_ = 0;
  bool refused_ = false;
  bool exited_ = false;
  ending end_;
};

struct local_start {
  containment level;    ///< process, group or tree
  bool leads = false;   ///< it leads a process group
  bool beside = false;  ///< it may be starting() when this returns; else its exec is waited for
  spawn_resources* resources = nullptr;  ///< of a thread that starts many
};
/// Start `p` as a child of ours.
expected<std::unique_ptr<scope>, error> start_local(std::shared_ptr<const plan> p,
                                                    const local_start& how);
/// Tell a guardian to start `p`; it is still starting(). `steps`: what the guardian does when we
/// die. `resources`: where to take one from and put it back; null: a new one, for it alone.
expected<std::unique_ptr<scope>, error> start_sealed(std::shared_ptr<const plan> p,
                                                     const ladder_steps& steps,
                                                     spawn_resources* resources);
/// Whether a level can be kept on this host, at this moment; why not. Errors: unsupported.
std::optional<error> find_obstacle(containment level);

}  // namespace brood::detail
