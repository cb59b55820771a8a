// A child that is alive: what a process needs of it, however it was started.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>

#include <brood/error.hpp>
#include <brood/expected.hpp>
#include <brood/status.hpp>

#include "process/ladder.hpp"
#include "spawn/plan.hpp"
#include "sys/reap.hpp"

namespace brood::detail {

class guardian_pool;
class child_stack_pool;

/// How a child ended.
struct ending {
  sys::exit_record record;  ///< record.how == 0: somebody else reaped it and the kernel forgot
  std::int64_t at = 0;      ///< monotonic ns
};

/// Two implementations: a child of ours, and a command below a guardian. Passive: event_fd() says
/// when update() may learn something. Threads: the owner serialises, but for wait_readable().
class child {
 public:
  virtual ~child() = default;

  int pid() const noexcept { return pid_; }
  std::int64_t started_at() const noexcept { return started_at_; }
  bool ended() const noexcept { return ended_; }
  const ending& end() const noexcept { return end_; }

  /// Told to start, and not known to have: its plan is still needed. A sealed one has no pid yet.
  virtual bool starting() const noexcept { return false; }
  virtual void await_start() noexcept {}
  /// Once that is over: why it did not start after all; os == 0: it did. It counts as ended when
  /// update() has learnt of it, and as stopped.
  virtual const child_error& refusal() const noexcept {
    static constexpr child_error none{};
    return none;
  }

  /// Readable when update() has something to do; -1: there is no such event, ask now and then.
  virtual int event_fd() const noexcept = 0;
  /// Take in what has happened. Never blocks. The status is reaped here, exactly once.
  virtual void update() noexcept = 0;
  /// A call that may block until it ended, for a caller with nothing else to wait for.
  virtual void wait() noexcept = 0;
  /// Signal the child alone, or all that the containment reaches. 0 or the negative errno.
  virtual int send(int signal, bool all) noexcept = 0;

  /// Start to stop everything in reach, and hold what is there now: the first signal goes out with
  /// advance_stop(). Asked again: straight to SIGKILL.
  virtual void begin_stop(const ladder_steps& steps) noexcept = 0;
  virtual bool stopping() const noexcept = 0;
  /// Carry the stop on; when to call again at the latest.
  virtual std::int64_t advance_stop(std::int64_t now) noexcept = 0;
  /// Nothing in reach is left, as far as it can be told.
  virtual bool stopped() const noexcept = 0;
  /// Whether all that is left behind at the end of the call is to be stopped as well.
  virtual bool sealed() const noexcept { return false; }
  /// Let it go.
  virtual void release() noexcept = 0;

 protected:
  int pid_ = -1;
  std::int64_t started_at_ = 0;
  bool ended_ = false;
  ending end_;
};

/// Start `p` as a child of ours. `reach`: what a stop means. `stacks`: where it can be starting()
/// when this returns, for the thread that owns them; null: that is waited for.
expected<std::unique_ptr<child>, error> start_direct(const std::shared_ptr<const plan>& p,
                                                     targets::reach reach, bool leads,
                                                     child_stack_pool* stacks = nullptr);
/// Tell a guardian to start `p`; it is still starting(). `steps`: what the guardian does when we
/// die. `idle`: where to take one from and put it back, for the thread that owns them; null: a new
/// one, for this command alone.
expected<std::unique_ptr<child>, error> start_sealed(const plan& p, const ladder_steps& steps,
                                                     guardian_pool* idle = nullptr);
/// Wait until `c` does not start any more; what went wrong with its plan `p`.
std::optional<error> settle_start(child& c, const plan& p);

}  // namespace brood::detail
