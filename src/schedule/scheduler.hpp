// What runs when: a queue, slots, retries and cancellation, without a clock and without a process.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <brood/error.hpp>
#include <brood/expected.hpp>
#include <brood/result.hpp>
#include <brood/retry.hpp>

#include "base/attempts.hpp"
#include "base/deadline.hpp"

namespace brood::detail {

/// What a scheduler knows of one job. Stays where it is until it is over.
class scheduled {
 public:
  enum class state : unsigned char { queued, running, waiting, over };

  scheduled(const retry_policy& policy, std::int64_t now, std::uint64_t seed)
      : tries_(policy, now, seed) {}
  scheduled(const scheduled&) = delete;
  scheduled& operator=(const scheduled&) = delete;

  state at() const noexcept { return state_; }
  /// The number of the attempt that runs or is next, from 1; 0 if there will be only one.
  int attempt() const noexcept { return tries_.number(); }

 private:
  friend class scheduler;
  attempts tries_;
  state state_ = state::over;
  std::list<scheduled*>::iterator place_;  // while it is queued
  deadline due_;                           // while it waits
};

/// Pure: it is told what has happened and what time it is, and says what is next. For one thread.
class scheduler {
 public:
  using outcome = expected<completed_process, error>;

  struct counts {
    std::size_t queued = 0;
    std::size_t running = 0;
    std::size_t waiting = 0;  ///< between two attempts; holds no slot
    std::size_t total() const noexcept { return queued + running + waiting; }
  };

  explicit scheduler(std::size_t slots) noexcept : slots_(slots) {}
  scheduler(const scheduler&) = delete;
  scheduler& operator=(const scheduler&) = delete;

  /// At the end of the queue.
  void add(scheduled& s);
  /// Whether next() has one: a job is queued, a slot is free, and nothing holds starts up.
  bool has_next() const noexcept;
  /// The first in the queue; it runs from now on.
  scheduled* next();
  /// One that runs could not be started for a shortage, while others run: it is again the first in
  /// the queue, and nothing starts until another has ended.
  void starve(scheduled& s);
  /// Whether a shortage may be waited out: others run.
  bool may_starve() const noexcept { return counts_.running > 1; }

  /// An attempt has ended. \return the outcome of the job, which is over; or nothing, if there will
  /// be another attempt.
  std::optional<outcome> ended(scheduled& s, outcome how, const std::vector<std::string>& args,
                               std::int64_t now);
  /// Somebody wants it to end. True: it did not run, and is over; `how`, with the attempts before
  /// it, is its outcome. False: it runs, there will be no other attempt, and it is to be stopped.
  bool cancel(scheduled& s, outcome& how);

  /// Queue those whose next attempt is due, in front: they were first once.
  void wake(std::int64_t now);
  /// When to call wake().
  deadline next_moment() const noexcept;

  void pause(bool on) noexcept { paused_ = on; }
  /// Fewer than run: they go on.
  void resize(std::size_t slots) noexcept { slots_ = slots; }
  std::size_t slots() const noexcept { return slots_; }
  const counts& count() const noexcept { return counts_; }

 private:
  void enqueue(scheduled& s, std::list<scheduled*>::iterator before);
  void leave(scheduled& s);

  std::size_t slots_;
  bool paused_ = false;
  bool starved_ = false;
  std::list<scheduled*> queue_;
  std::set<std::pair<deadline, scheduled*>> waiting_;
  counts counts_;
};

}  // namespace brood::detail
