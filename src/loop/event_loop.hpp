// The one loop over many tasks: descriptors, moments, and a wake-up from other threads.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <poll.h>

#include <cstdint>
#include <memory>
#include <set>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

#include <brood/error.hpp>
#include <brood/expected.hpp>

#include "loop/poller.hpp"
#include "sys/fd.hpp"

namespace brood::detail {

class event_loop;

/// Something that a loop carries on: it says what it waits for, and is called when that has come.
class loop_task {
 public:
  loop_task() = default;
  loop_task(const loop_task&) = delete;
  loop_task& operator=(const loop_task&) = delete;
  virtual ~loop_task() = default;

  /// One of its descriptors is ready, or its moment has come. May watch or forget any task, also
  /// destroy this one.
  virtual void proceed() = 0;

 private:
  friend class event_loop;
  struct watched {
    int number;
    short events;
    sys::fd copy;  // where another task watches the same descriptor
  };
  std::vector<watched> watched_;
  std::int64_t at_ = INT64_MAX;
  std::uint64_t id_ = 0;  // 0: no loop carries it on
};

/// Costs per event and per change, never per task. For one thread, but for wake().
class event_loop {
 public:
  static expected<std::unique_ptr<event_loop>, error> make(bool portable);

  /// `task` waits for `wanted` (entries with a negative descriptor are passed over) and for the
  /// moment `at` (monotonic ns; INT64_MAX for none), instead of what it waited for before. What
  /// the system refuses to watch is looked at every few milliseconds.
  void watch(loop_task& task, std::span<const pollfd> wanted, std::int64_t at);
  /// It waits for nothing any more and will not be called. To be called before it is destroyed.
  void forget(loop_task& task);

  /// Wait until something is due, at most until `until`; call all that is due.
  /// \return false if nothing was.
  bool turn(std::int64_t until);
  /// End a turn() that waits, from any thread, also before it began.
  void wake() noexcept;
  std::size_t size() const noexcept { return tasks_.size(); }

  /// For a foreign loop: readable when turn() has something to do.
  int handle() const noexcept;
  /// When turn() is to be called at the latest; INT64_MAX: not before handle() is readable.
  std::int64_t next_moment() const noexcept;

 private:
  event_loop() = default;
  bool watch_one(loop_task& task, const pollfd& wanted);
  void drop(loop_task& task, std::size_t i);
  void set_moment(loop_task& task, std::int64_t at);
  void collect(std::int64_t until);

  std::unique_ptr<poller> poller_;
  sys::fd wake_;
  std::uint64_t last_id_ =
      0;  // ids are not used again: an event of a task that is gone is nobody's
  std::unordered_map<std::uint64_t, loop_task*> tasks_;
  std::set<std::pair<std::int64_t, std::uint64_t>> moments_;
  std::vector<std::uint64_t> due_;
};

}  // namespace brood::detail
