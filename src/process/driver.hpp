// The life of one command as a state machine: what has happened goes in, what is to be done comes
// out. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include <brood/status.hpp>

#include "base/deadline.hpp"
#include "base/ladder_steps.hpp"
#include "process/ladder.hpp"

namespace brood::detail {

/// Pure: it has no clock, makes no system call, calls nobody and never sleeps. Three pollers step
/// it: the blocking one, the event loop and the guardian. Each looks at what has happened, asks for
/// orders, carries them out, and waits for an event or until the moment that it is given.
class driver {
 public:
  enum class state : unsigned char {
    starting,  ///< it is not known to have executed its program
    running,
    draining,  ///< the command has ended, its streams have not
    stopping,  ///< a ladder is on its way
    ended,
  };

  /// What was asked for. Fixed.
  struct policy {
    deadline timeout = {};
    std::int64_t idle_ns = INT64_MAX;         ///< without output
    std::int64_t drain_grace_ns = INT64_MAX;  ///< silence after the exit; INT64_MAX: to end-of-file
    ladder_steps stop{};
    bool leaves_nothing = false;  ///< what the command leaves behind when it ends is stopped
  };

  /// What is known at a moment.
  struct facts {
    std::int64_t now = 0;
    bool started = true;   ///< it has executed its program
    bool refused = false;  ///< it will never do so
    bool exited = false;
    std::int64_t exited_at = 0;
    bool empty = false;           ///< nobody in the scope is left. Only asked where wants_empty().
    bool hears_of_empty = false;  ///< that comes as an event: nobody need look for it now and then
    bool unkillable = false;      ///< SIGKILL was refused to somebody in the scope
    bool lost = false;            ///< what stops the scope for us is gone
    bool reading = false;         ///< a stream has not ended...
    bool draining = true;  ///< ...and is read by us; false: by the caller, who decides how long
    std::int64_t last_output = 0;  ///< or the start
    bool exceeded = false;         ///< more output than was allowed
  };

  /// What is to be done.
  struct orders {
    ladder::due deliver;   ///< to everybody in the scope
    bool give_up = false;  ///< the streams: read what is there, and no more
    deadline until;        ///< step again then at the latest
  };

  explicit driver(const policy& p) noexcept : policy_(p) {}

  orders step(const facts& f) noexcept;
  /// Somebody wants it to end. Asked again: straight to SIGKILL.
  void stop(reason why, const ladder_steps& steps) noexcept;
  /// What it leaves behind is nobody's business from now on.
  void let_go() noexcept { policy_.leaves_nothing = false; }

  state at() const noexcept { return state_; }
  /// Nothing is left to do, unless somebody asks for a stop of what may be left.
  bool ended() const noexcept { return state_ == state::ended && asked_times_ == 0; }
  bool stopping() const noexcept { return ladder_.started(); }
  /// The ladder has ended.
  bool stopped() const noexcept { return ladder_.done(); }
  /// The ladder has ended, and somebody is left.
  bool gave_up() const noexcept { return ladder_.gave_up(); }
  /// Whether it matters now that nobody is left, which may be costly to find out.
  bool wants_empty() const noexcept {
    return (stopping() && !stopped()) || (policy_.leaves_nothing && !ended());
  }
  /// Why it was stopped before it had ended; reason::not_started: it was not.
  reason cause() const noexcept { return cause_; }
  const ladder_steps& own_ladder() const noexcept { return policy_.stop; }
  /// All output was read.
  bool complete() const noexcept { return complete_; }

 private:
  void begin(const facts& f, reason why, const ladder_steps& steps) noexcept;
  void run(const facts& f, orders& o) noexcept;
  void drain(const facts& f, orders& o) noexcept;
  void descend(const facts& f, orders& o) noexcept;
  void finish_streams(const facts& f, orders& o, deadline limit) noexcept;

  policy policy_;
  state state_ = state::starting;
  ladder ladder_;
  reason asked_ = reason::not_started;  // by stop(), and not begun yet
  ladder_steps asked_steps_{};
  int asked_times_ = 0;
  reason cause_ = reason::not_started;
  bool complete_ = true;
  deadline exec_patience_;  // of a stop that came before the exec
  deadline last_chance_;    // of the streams after a stop
};

}  // namespace brood::detail
