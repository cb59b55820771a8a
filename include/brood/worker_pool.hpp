// Persistent worker processes that answer many requests, one at a time each.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <brood/command.hpp>
#include <brood/error.hpp>
#include <brood/expected.hpp>
#include <brood/options.hpp>
#include <brood/pool.hpp>

namespace brood {

/// How messages are told apart, in both directions. What is in them is the caller's business.
enum class worker_framing : unsigned char {
  lines,            ///< a message is a line (such as JSON Lines): bytes without "\n", then "\n"
  length_prefixed,  ///< its length as 4 bytes, unsigned, little endian; then that many bytes
};

/// Which descriptors of the worker the messages pass through.
enum class worker_channel : unsigned char {
  stdio,   ///< requests come on its stdin, answers go to its stdout
  socket,  ///< one stream socket; its number is in the environment as BROOD_WORKER_FD
};

/// Where a request is.
enum class reply_state : unsigned char {
  queued,   ///< no worker has it
  running,  ///< a worker has it
  done,     ///< finished: result() returns at once
};

/// A request that was given to a worker_pool, and its answer. A handle: copies are the same
/// request, which outlives the pool once it is done. Threads: any, at any time.
class reply {
 public:
  reply() noexcept = default;  ///< no request
  explicit operator bool() const noexcept { return state_ != nullptr; }

  reply_state state() const;
  bool done() const { return state() == reply_state::done; }

  /// Wait for the answer: the message, without its framing. Errors: timeout_expired; spawn_error
  /// if no worker can be started, and with kind
  ///   broken    two workers, one after the other, ended over this request. result() is of the
  ///             last of them: status, and err, the end of its stderr; result()->attempts has the
  ///             one before.
  ///   bad_data  the worker answered with more than max_frame bytes.
  ///   other     it was cancelled; code() is std::errc::operation_canceled.
  std::string result() const;
  expected<std::string, error> try_result() const;
  /// \return false if it is not done after `timeout`; it goes on.
  bool wait_for(duration timeout) const;
  /// A queued request is dropped. If a worker has the request, that worker is stopped and replaced,
  /// as its answer would be taken for that of the next request. Returns at once. No effect if it is
  /// done.
  void cancel() const;

  friend bool operator==(const reply&, const reply&) noexcept = default;

  struct shared;  ///< opaque

 private:
  friend struct reply_access;
  explicit reply(std::shared_ptr<shared> s) noexcept : state_(std::move(s)) {}
  std::shared_ptr<shared> state_;
};

struct worker_options {
  /// Started at once and kept alive, even when idle; 0 to max_workers.
  int min_workers = 0;
  /// Never more processes than this, including those that are being stopped.
  worker_count max_workers = {};
  /// Workers beyond min_workers that had nothing to do for this long are stopped; more than 0. Not
  /// given: never.
  duration idle_timeout = {};

  worker_framing framing = worker_framing::lines;
  worker_channel channel = worker_channel::stdio;
  std::size_t max_frame = 16 << 20;  ///< the longest answer, in bytes without its framing

  /// Sent to each worker as its first message.
  std::optional<std::string> hello = {};
  /// A new worker gets requests only after its first message, which must be this; "" is any. Not
  /// given: it gets requests at once, and finds them when it first reads.
  std::optional<std::string> ready = {};
  /// How long a new worker may take for that; more than 0. It needs `ready`.
  duration start_timeout = {};

  /// Of each request, from the moment at which a worker has it, anew for the second worker; more
  /// than 0. A worker that is late is stopped and replaced.
  duration timeout = {};
  /// request() waits while this many requests are queued; 0: no bound.
  std::size_t max_queued = 0;

  // A worker that has reached one of these is replaced between two requests.
  std::uint64_t max_requests = 0;   ///< answered; 0: no limit
  duration max_age = {};            ///< since its start; more than 0
  std::uint64_t max_rss_bytes = 0;  ///< resident, of the worker without its children; 0: no limit

  /// How long a worker that is no longer needed (idle, recycled, the pool ends) has from
  /// end-of-file until it is stopped. Not given: it is stopped at once. A worker that ends by
  /// itself may leave children behind, unless it is sealed.
  duration close_grace = {};
  /// How many bytes of the end of each worker's stderr to keep for errors, where process.err is
  /// INHERIT (the default) or PIPE. 0: stderr is INHERIT.
  std::size_t stderr_tail = 4096;
  /// Environment, directory, limits, identity, the stop ladder, containment and so on. on_line and
  /// on_chunk get what workers write outside of the channel, from the pool's thread. Refused:
  /// input, capture_output, max_output, timeout, idle_timeout, check, ok_codes and retry; PIPE for
  /// in and out; in and out at all where they are the channel.
  options process = {};
};

/// Starts workers as they are needed and gives each request to one that is free; answers come back
/// on one thread of the pool's own, whatever the number of workers: an event loop. A call() that
/// finds a free worker does without that thread.
///
/// If a worker ends during a request, it is replaced, and another worker tries that request once
/// more; after the second such end the request fails. A worker that sends a message without a
/// request is replaced before it gets its next request. (A message that comes just after a request
/// is taken for its answer.)
///
/// The destructor cancels what is left, stops the workers and returns when nothing is left of what
/// options::contain reaches. Threads: any, at any time, except for the destructor. After fork(2) a
/// pool does not work in the child.
class worker_pool {
 public:
  /// Returns at once; min_workers are on their way. Errors: usage_error; spawn_error if no thread
  /// or no descriptor is available. That the command cannot be started is an error of
  /// warm_up() and of requests.
  explicit worker_pool(command cmd, worker_options opts = {});
  worker_pool(const worker_pool&) = delete;
  worker_pool& operator=(const worker_pool&) = delete;
  ~worker_pool();

  /// Wait until min_workers are ready. \return false after `timeout`. Errors: why the last worker
  /// that was started did not become ready; the pool goes on trying, ever more slowly.
  bool warm_up(duration timeout = {});

  /// Send a message, get the answer. \param timeout  instead of worker_options::timeout.
  /// Errors: as reply::result(); usage_error after shutdown(), for a message with a "\n" in it
  /// where messages are lines, or of 4 GiB where they are not.
  std::string call(std::string message, duration timeout = {});
  expected<std::string, error> try_call(std::string message, duration timeout = {});

  /// Queue a message and return; waits for room in the queue. Errors: usage_error as call().
  reply request(std::string message, duration timeout = {});
  /// nullopt instead of waiting for room in the queue.
  std::optional<reply> try_request(std::string message, duration timeout = {});

  /// Refuse requests from now on, and wait until all are done. The workers stay until the end.
  void shutdown();

  struct counts {
    std::size_t starting = 0;    ///< workers that are not ready yet
    std::size_t idle = 0;        ///< workers
    std::size_t busy = 0;        ///< workers
    std::size_t stopping = 0;    ///< workers on their way out
    std::size_t queued = 0;      ///< requests that no worker has
    std::uint64_t done = 0;      ///< requests, the failed included
    std::uint64_t failed = 0;    ///< requests that ended with an error
    std::uint64_t started = 0;   ///< workers, ever
    std::uint64_t recycled = 0;  ///< workers replaced for max_requests, max_age, max_rss_bytes
    std::uint64_t crashed = 0;   ///< workers that ended by themselves
    std::uint64_t faulty = 0;    ///< workers replaced for being late or for what they said
  };
  counts count() const;
  /// Of the workers that are alive; by the time they are used some may have ended.
  std::vector<int> pids() const;

  struct impl;  ///< opaque

 private:
  std::unique_ptr<impl> impl_;
};

}  // namespace brood
