// Commands awaited by coroutines, on a loop of the caller's.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <coroutine>
#include <cstddef>
#include <exception>
#include <memory>
#include <optional>
#include <stop_token>
#include <utility>
#include <vector>

#include <brood/callback.hpp>
#include <brood/command.hpp>
#include <brood/duration.hpp>
#include <brood/error.hpp>
#include <brood/expected.hpp>
#include <brood/options.hpp>
#include <brood/result.hpp>

namespace brood {

template <class T>
class task;

namespace detail {

/// What every task's coroutine has: who goes on when it has ended.
struct task_promise_base {
  std::coroutine_handle<> next = std::noop_coroutine();
  std::size_t* left = nullptr;  // of when_all(): `next` goes on once this many have ended
  std::exception_ptr thrown;

  struct last_step {
    bool await_ready() const noexcept { return false; }
    template <class P>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<P> h) const noexcept {
      const task_promise_base& p = h.promise();
      if (p.left && --*p.left > 0) return std::noop_coroutine();
      return p.next;
    }
    void await_resume() const noexcept {}
  };
  std::suspend_always initial_suspend() const noexcept { return {}; }
  last_step final_suspend() const noexcept { return {}; }
  void unhandled_exception() noexcept { thrown = std::current_exception(); }
};

template <class T>
struct task_promise : task_promise_base {
  std::optional<T> value;
  task<T> get_return_object() noexcept;
  template <class U>
  void return_value(U&& v) {
    value.emplace(std::forward<U>(v));
  }
  T take() {
    if (thrown) std::rethrow_exception(thrown);
    return std::move(*value);
  }
};

template <>
struct task_promise<void> : task_promise_base {
  task<void> get_return_object() noexcept;
  void return_void() const noexcept {}
  void take() const {
    if (thrown) std::rethrow_exception(thrown);
  }
};

struct task_access;

}  // namespace detail

/// A coroutine that returns a T (not a reference). Lazy: it runs once it is awaited, spawned or
/// passed to sync_wait(). Destroying it before its end destroys what it holds: a command that it
/// awaits is stopped by the loop in the background, and its output dropped. Threads: the loop's.
template <class T = void>
class [[nodiscard]] task {
 public:
  using promise_type = detail::task_promise<T>;

  task() noexcept = default;  ///< no coroutine
  task(task&& other) noexcept : coroutine_(std::exchange(other.coroutine_, nullptr)) {}
  task& operator=(task&& other) noexcept {
    std::swap(coroutine_, other.coroutine_);
    return *this;
  }
  ~task() {
    if (coroutine_) coroutine_.destroy();
  }

  explicit operator bool() const noexcept { return static_cast<bool>(coroutine_); }
  /// It has returned its value or thrown.
  bool done() const noexcept { return coroutine_ && coroutine_.done(); }

  /// Run it, wait for its value. Errors: what it throws.
  auto operator co_await() noexcept {
    struct awaiter {
      std::coroutine_handle<promise_type> coroutine;
      bool await_ready() const noexcept { return coroutine.done(); }
      std::coroutine_handle<> await_suspend(std::coroutine_handle<> h) const noexcept {
        coroutine.promise().next = h;
        return coroutine;
      }
      T await_resume() const { return coroutine.promise().take(); }
    };
    return awaiter{coroutine_};
  }

 private:
  friend promise_type;
  friend detail::task_access;
  explicit task(std::coroutine_handle<promise_type> c) noexcept : coroutine_(c) {}
  std::coroutine_handle<promise_type> coroutine_;
};

namespace detail {

template <class T>
task<T> task_promise<T>::get_return_object() noexcept {
  return task<T>(std::coroutine_handle<task_promise>::from_promise(*this));
}
inline task<void> task_promise<void>::get_return_object() noexcept {
  return task<void>(std::coroutine_handle<task_promise>::from_promise(*this));
}

struct task_access {
  template <class T>
  static std::coroutine_handle<task_promise<T>> of(const task<T>& t) noexcept {
    return t.coroutine_;
  }
};

}  // namespace detail

/// Runs commands, sleeps and coroutines on one thread at a time, where all waiting is one
/// epoll_wait. It need not always be the same thread.
///
/// The destructor destroys the tasks that were spawned and returns when their commands, stopped all
/// at once, are gone. Tasks that are held elsewhere are never resumed after that. After fork(2) a
/// loop does not work in the child.
class loop {
 public:
  /// Errors: spawn_error if no descriptor is available.
  loop();
  loop(const loop&) = delete;
  loop& operator=(const loop&) = delete;
  ~loop();

  /// Until nothing is left: no spawned task, command, sleep or posted callback; or until stop().
  /// Errors, of this and the next four: what a posted callback or a spawned task throws. All else
  /// that is in the loop stays there: call again to go on.
  void run();
  /// Until stop(), even while nothing is left.
  void run_forever();
  /// Wait until something can be done, do it. \return false if nothing is left.
  bool run_one();
  /// Do what can be done without waiting. \return whether that was anything.
  bool poll();
  /// End the current run() or run_forever(), or if there is none the next one, as soon as its turn
  /// is over. What is in the loop stays. Threads: any.
  void stop() noexcept;
  /// Have `f` called by the thread that runs the loop, in the order of posting. Threads: any.
  void post(callback<void()> f);
  /// Start `t` at the loop's next turn; the loop owns it. What it throws comes out of run().
  void spawn(task<void> t);

  /// Nothing is left: run() would return.
  bool empty() const;
  /// For a foreign loop: a descriptor that is readable when poll() has something to do; valid as
  /// long as the loop. Do not read from it.
  int native_handle() const noexcept;
  /// How long from now the foreign loop may sleep while native_handle() is not readable, before it
  /// calls poll(). Not given: for ever. Ask again after each poll() and each thing added to the
  /// loop.
  duration until_next() const;

  struct impl;  ///< opaque

 private:
  friend struct loop_access;
  template <class T>
  friend T sync_wait(loop& l, task<T> t);
  void finish(std::coroutine_handle<> coroutine);
  std::unique_ptr<impl> impl_;
};

/// run(), awaited: `auto r = co_await brood::async_run(loop, cmd, opts);`. Everything is as in
/// run(), options::retry too; between two attempts nothing is held.
///
/// A request to `stop` (from any thread) stops the command by its ladder; the result has
/// reason::cancelled (under .check that is a called_process_error). A command that has not started
/// never will, and there is no further attempt.
///
/// Callbacks are called by the thread that runs the loop; what one throws stops the command and
/// comes out of the co_await.
///
/// GCC 12 refuses lists in braces within a co_await expression ("array used as initializer"):
/// name the options before it, or the task that this returns.
/// Threads: the loop's. Errors: as run(), when awaited.
task<completed_process> async_run(loop& l, const command& cmd);
task<completed_process> async_run(loop& l, const command& cmd, const options& opts,
                                  std::stop_token stop = {});

/// async_run() with its errors as a value, except for what a callback throws.
task<expected<completed_process, error>> async_try_run(loop& l, const command& cmd);
task<expected<completed_process, error>> async_try_run(loop& l, const command& cmd,
                                                       const options& opts,
                                                       std::stop_token stop = {});

/// Wait without blocking the loop; not at all if `time` is negative or not given. Returns false if
/// `stop` was requested first. Errors: usage_error if `time` is not a number.
task<bool> sleep_for(loop& l, duration time, std::stop_token stop = {});

/// Run the loop until `t` is done, and return its value. stop() does not end it: the request is
/// kept for the next run(). Errors: what the task throws; as run(); usage_error if nothing is left
/// in the loop and the task still waits.
template <class T>
T sync_wait(loop& l, task<T> t) {
  const auto coroutine = detail::task_access::of(t);
  l.finish(coroutine);
  return coroutine.promise().take();
}

namespace detail {

/// Starts all, goes on when all have ended.
template <class T>
struct all_ended {
  std::vector<task<T>>& tasks;
  std::size_t left = tasks.size() + 1;

  bool await_ready() const noexcept { return tasks.empty(); }
  bool await_suspend(std::coroutine_handle<> h) {
    for (task<T>& t : tasks) {
      const auto coroutine = task_access::of(t);
      coroutine.promise().next = h;
      coroutine.promise().left = &left;
      coroutine.resume();
    }
    return --left > 0;  // the one that we added: nobody goes on before all were started
  }
  void await_resume() const noexcept {}
};

}  // namespace detail

/// Run all tasks at once, return their values in order. None may be empty. Errors: the first
/// exception in that order, once all have ended.
template <class T>
task<std::vector<T>> when_all(std::vector<task<T>> tasks) {
  co_await detail::all_ended<T>{tasks};
  std::vector<T> values;
  values.reserve(tasks.size());
  for (task<T>& t : tasks) values.push_back(detail::task_access::of(t).promise().take());
  co_return values;
}

inline task<void> when_all(std::vector<task<void>> tasks) {
  co_await detail::all_ended<void>{tasks};
  for (task<void>& t : tasks) detail::task_access::of(t).promise().take();
}

}  // namespace brood
