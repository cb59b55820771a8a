// The one loop over many tasks: descriptors, moments, and a wake-up from other threads.
// SPDX-License-Identifier: Apache-2.0
#pragma once

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
#include "sys/wait.hpp"

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

 protected:
  /// Within proceed(): the items it watches, with what of them is ready.
  std::span<const sys::wait_item> ready() const noexcept { return items_; }

 private:
  friend class event_loop;
  struct watched {
    int number;
    sys::readiness wanted;
    sys::fd copy;  // where another task watches the same descriptor
    std::uint64_t token;
  };
  std::vector<sys::wait_item> items_;
  std::vector<watched> watched_;  // one for each number in items_
  deadline at_;
  std::uint64_t id_ = 0;  // 0: no loop carries it on
  std::uint64_t last_token_ = 0;
  bool blind_ = false;      // not all items can be watched
  std::uint64_t turn_ = 0;  // in which it was due last
};

/// Costs per event and per change, never per task. For one thread, but for wake().
class event_loop {
 public:
  static expected<std::unique_ptr<event_loop>, error> make(bool portable);

  /// `task` waits for `items` and for the moment `at`, instead of what it waited for before. A
  /// number may stand in several items. What the system refuses to watch is looked at every few
  /// milliseconds.
  void watch(loop_task& task, std::span<const sys::wait_item> items, deadline at);
  /// `number`, which `task` may watch, is about to be closed. To be called before: a forked copy of
  /// the host may keep it open, and it could not be taken out any more.
  void closing(loop_task& task, int number) noexcept;
  /// It waits for nothing any more and will not be called. To be called before it is destroyed.
  void forget(loop_task& task);

  /// Wait until something is due, at most until `until`; call all that is due.
  /// \return false if nothing was.
  bool turn(deadline until);
  /// End a turn() that waits, from any thread, also before it began.
  void wake() noexcept;
  std::size_t size() const noexcept { return tasks_.size(); }

  /// For a foreign loop: readable when turn() has something to do.
  int handle() const noexcept;
  /// When turn() is to be called at the latest; never: not before handle() is readable.
  deadline next_moment() const noexcept;

 private:
  event_loop() = default;
  bool watch_one(loop_task& task, int number);
  void drop(loop_task& task, std::size_t i) noexcept;
  void set_moment(loop_task& task, deadline at);
  void collect(deadline until);
  loop_task* due(std::uint64_t id);
  void note(const poller::event& e);

  std::unique_ptr<poller> poller_;
  sys::fd wake_;
  // Ids are not used again: an event of a task that is gone is dropped.
  std::uint64_t last_id_ = 0;
  std::unordered_map<std::uint64_t, loop_task*> tasks_;
  std::set<std::pair<deadline, std::uint64_t>> moments_;
  std::uint64_t turn_ = 0;
  std::vector<poller::event> events_;
  std::vector<std::uint64_t> due_;
};

}  // namespace brood::detail
