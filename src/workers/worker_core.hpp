// What a worker pool's thread and its callers share: requests, free workers, cancellations,
// numbers. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include <brood/worker_pool.hpp>

#include "loop/event_loop.hpp"
#include "sys/fd.hpp"
#include "workers/message_channel.hpp"

namespace brood {

namespace detail {
class worker_core;
class worker;
}  // namespace detail

struct reply::shared {
  shared(std::string m, duration limit) : message(std::move(m)), timeout(limit) {}

  // Fixed.
  const std::string message;
  const duration timeout;
  std::weak_ptr<detail::worker_core> core;

  // Of the pool's thread.
  detail::worker* borrower = nullptr;
  std::vector<completed_process> over;  // the workers that ended over it

  std::mutex lock;
  std::condition_variable changed;
  // Guarded by lock.
  reply_state state = reply_state::queued;
  std::optional<expected<std::string, error>> outcome;

  bool finished() {
    const std::lock_guard hold(lock);
    return state == reply_state::done;
  }
};

struct reply_access {
  static reply wrap(std::shared_ptr<reply::shared> s) { return reply(std::move(s)); }
};

namespace detail {

using request_ptr = std::shared_ptr<reply::shared>;

enum class worker_state : unsigned char {
  starting,
  idle,      // in worker_core::idle
  busy,      // the pool's thread has it
  lent,      // a caller has it
  stopping,  // nobody will ask it any more
};

/// Why a worker is not asked any more.
enum class fault : unsigned char { none, worn, closed, late, too_long, unasked, cancelled };

/// What a caller needs of a worker to ask it.
struct asked_worker {
  // Of whoever has the worker.
  std::optional<message_channel> line;
  std::uint64_t answered = 0;
  request_ptr work;
  fault found = fault::none;
  // Fixed.
  int pid = -1;
  std::int64_t started_at = 0;
  sys::fd gone;  // raised when it has ended while it is lent
  // Guarded by the core's lock.
  worker_state state = worker_state::starting;
  std::int64_t idle_since = 0;
  bool ended = false;
};

/// Everything here is guarded by `lock`, but for what is fixed, and the loop's wake().
class worker_core {
 public:
  worker_core(command c, worker_options o) : cmd(std::move(c)), opts(std::move(o)) {}

  // Fixed.
  const command cmd;
  const worker_options opts;
  std::size_t min_workers = 0;
  std::size_t max_workers = 1;
  std::unique_ptr<event_loop> loop;
  std::thread::id own_thread;

  std::mutex lock;
  std::condition_variable changed;
  std::deque<request_ptr> queue;        // may hold some that are done
  std::vector<asked_worker*> idle;      // the one that was last busy comes last
  std::vector<asked_worker*> returned;  // lent ones that need looking after
  std::vector<request_ptr> cancels;     // asked for
  bool shut = false;                    // refuse requests
  bool leave = false;
  std::size_t unfinished = 0;  // requests
  worker_pool::counts counts;
  std::vector<int> pids;
  std::optional<error> start_error;  // of the last start, if it went wrong

  void wake() {
    if (loop) loop->wake();
  }
  bool on_own_thread() const noexcept { return std::this_thread::get_id() == own_thread; }

  /// A free worker for the calling thread alone, null if there is none or others wait for one.
  /// With it comes an unfinished request. Errors: usage_error.
  asked_worker* borrow();
  /// After it has answered.
  void give_back(asked_worker& w);
  /// `w.found` says what is wrong with it; the request stays unfinished, as `w.work` if it has it.
  void give_back_broken(asked_worker& w);
  /// It has done as much as it may.
  bool worn_out(const asked_worker& w, std::int64_t now) const;
  /// The moment at which a request given to a worker now is late.
  std::int64_t deadline_of(duration timeout) const;
  void refuse_if_shut() const;
};

/// The moment `span` after `from`; INT64_MAX if `span` is not given.
std::int64_t moment_after(std::int64_t from, duration span);
/// The first mistake in what a pool is to be made of.
std::optional<error> find_mistake(const command& cmd, const worker_options& o);

}  // namespace detail

}  // namespace brood
