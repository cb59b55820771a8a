// The state behind brood::loop, and what its coroutines wait for.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include <brood/async.hpp>

#include "async/process_task.hpp"
#include "loop/event_loop.hpp"
#include "scope/spawn_resources.hpp"

namespace brood {

namespace detail {

/// What one coroutine waits for, and a stop token may end. Lives in the frame of that coroutine, so
/// that whoever destroys the coroutine ends the wait.
class waiter {
 public:
  waiter(loop::impl& l, std::stop_token stop);
  waiter(const waiter&) = delete;
  waiter& operator=(const waiter&) = delete;
  virtual ~waiter();

  /// A stop was requested. On the loop's thread, once.
  virtual void cancel() = 0;
  /// The loop goes away: nothing will be resumed any more.
  virtual void abandon() { loop_ = nullptr; }
  void disconnect() { on_stop_.reset(); }

 protected:
  struct cancel_request {
    waiter& who;
    void operator()() const noexcept;
  };
  bool stop_requested() const { return stop_.stop_requested(); }
  /// From now on cancel() may come.
  void listen() { on_stop_.emplace(stop_, cancel_request{*this}); }
  /// What was waited for has come.
  void resume();

  loop::impl* loop_;
  std::coroutine_handle<> coroutine_;

 private:
  std::stop_token stop_;
  std::optional<std::stop_callback<cancel_request>> on_stop_;
};

}  // namespace detail

struct loop::impl final : detail::exit_handler {
  std::unique_ptr<detail::event_loop> events;
  detail::spawn_resources resources;  // outlives the commands

  // From any thread.
  std::mutex lock;
  std::deque<callback<void()>> posted;
  std::vector<detail::waiter*> cancels;  // has room for all waiters: a stop must not fail
  bool stop = false;

  // Of the thread that runs the loop.
  std::unordered_set<detail::waiter*> waiters;
  std::deque<std::coroutine_handle<>> ready;
  std::unordered_map<std::uint64_t, task<void>> spawned;
  std::uint64_t last_id = 0;
  std::vector<std::uint64_t> over;        // of those spawned
  std::deque<std::exception_ptr> thrown;  // by those spawned
  std::unordered_map<detail::process_task*, std::unique_ptr<detail::process_task>> orphans;

  impl();
  ~impl();
  /// A command that nobody waits for any more: stopped in the background.
  void adopt(std::unique_ptr<detail::process_task> f);
  void on_exit(detail::process_task& f) override { orphans.erase(&f); }

  /// Do what can be done, having waited for that until `until`. \return whether it was anything.
  bool turn(std::int64_t until);
  bool empty();
  bool take_stop();
  bool anything_posted();

 private:
  bool serve();
  bool call_posted();
  bool resume_ready();
  void handle_cancels();
  void sweep();
};

struct loop_access {
  static loop::impl& of(loop& l) { return *l.impl_; }
};

}  // namespace brood
