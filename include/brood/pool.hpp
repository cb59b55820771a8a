// Many commands at once, a bounded number at a time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <brood/callback.hpp>
#include <brood/command.hpp>
#include <brood/error.hpp>
#include <brood/expected.hpp>
#include <brood/jobserver.hpp>
#include <brood/options.hpp>
#include <brood/result.hpp>

namespace brood {

/// Bytes of memory that new programs could take, by the system and by the control groups of this
/// process; empty if the system does not say.
std::optional<std::uint64_t> available_memory();

/// How many commands run at once: a number of at least 1, or a share of the CPUs that this process
/// may use: by its affinity mask, and by the quotas of its control groups, rounded up. Default: as
/// many as there are such CPUs.
class worker_count {
 public:
  worker_count() noexcept = default;
  worker_count(int n) noexcept : value_(n), kind_(kind::number) {}
  /// More than 0; 50 is half of the CPUs, at least one worker.
  static worker_count percent_of_cpus(double percent) noexcept {
    worker_count w;
    w.value_ = percent;
    w.kind_ = kind::percent;
    return w;
  }
  /// The number. Errors: bad_request.
  expected<int, error> resolve() const;

 private:
  enum class kind : unsigned char { cpus, number, percent };
  double value_ = 0;
  kind kind_ = kind::cpus;
};

/// Where a job is.
enum class job_state : unsigned char {
  queued,   ///< not started yet
  running,  ///< it has a process
  waiting,  ///< between two attempts of options::retry; holds no worker
  done,     ///< finished: result() returns at once
};

/// One command that was given to a pool. A handle: copies are the same job, which outlives the pool
/// once it is done. Threads: any, at any time.
class job {
 public:
  job() noexcept = default;  ///< no job
  explicit operator bool() const noexcept { return state_ != nullptr; }

  /// In order of submission, from 1.
  std::uint64_t id() const noexcept;
  const std::vector<std::string>& args() const noexcept;
  job_state state() const;
  bool done() const { return state() == job_state::done; }
  /// The process of the attempt that runs, else -1. It may not have executed its program yet, nor
  /// be in its own process group; by the time it is used it may have ended.
  int pid() const;

  /// Wait for the end. Errors: what run() would have thrown, or what a callback of the job threw.
  completed_process result() const;
  expected<completed_process, error> try_result() const;
  /// \return false if it is not done after `timeout`; it goes on.
  bool wait_for(duration timeout) const;
  /// A running job is stopped by its ladder, and by SIGKILL when asked again; one that has not
  /// started never will, and there is no further attempt. Its result has reason::cancelled. Returns
  /// at once. No effect on a job that is done.
  void cancel() const;

  friend bool operator==(const job&, const job&) noexcept = default;

  struct shared;  ///< opaque

 private:
  friend struct job_access;
  explicit job(std::shared_ptr<shared> s) noexcept : state_(std::move(s)) {}
  std::shared_ptr<shared> state_;
};

struct pool_options {
  worker_count max_workers = {};
  /// submit() waits while this many jobs are queued; 0: no bound.
  std::size_t max_queued = 0;
  /// Of the whole pool, from its making, more than 0: then everything is stopped with
  /// reason::timed_out, and what is submitted later is refused.
  duration timeout = {};
  /// The first job that ends badly (an error, or not accepted) cancels all others.
  bool fail_fast = false;
  /// Whether the jobs, and the makes, ninjas and cargos that they start, share slots.
  jobserver_role jobserver = jobserver_role::none;
  /// Starts the first guardian at once, without waiting for it: useful if the program prepares
  /// other things before its first sealed job. A guardian without a job ends with the pool.
  bool prestart_guardian = false;
  /// The program promises to leave its own umask, ignored signals, limits, niceness, ids and
  /// working directory alone as long as the pool lives. Then these are not compared before each
  /// sealed command with what a guardian that waits would hand on, which is a tenth of a short
  /// command.
  bool inherits_once = false;
};

/// Runs what is submitted, in that order, on one thread of its own, whatever the number of jobs: an
/// event loop, no thread per child. Callbacks of jobs are called by that thread.
///
/// At a shortage (error_kind::busy: descriptors, processes, memory) in the middle of a batch the
/// pool waits until a job has ended; only if no other job runs does it become the job's error.
///
/// Sealed jobs share guardians, one after another, which the pool keeps until it is destroyed.
/// Where the options do not say otherwise, their CPU affinity and namespaces are what the process
/// had when the guardian was started.
///
/// The destructor cancels what is left and returns when nothing is. Threads: any, at any time,
/// except for the destructor. After fork(2) a pool does not work in the child.
class pool {
 public:
  /// Errors: usage_error; spawn_error if no thread or no descriptor is available.
  explicit pool(pool_options opts = {});
  pool(const pool&) = delete;
  pool& operator=(const pool&) = delete;
  ~pool();

  /// Returns as soon as it is queued. Mistakes in the command or its options are the job's error.
  /// `on_done` is called when it is done, by the pool's thread, and must not throw; such a job is
  /// not returned by as_completed(). Errors: usage_error after shutdown().
  job submit(command cmd, options opts = {}, callback<void(const job&)> on_done = {});
  /// nullopt instead of waiting for room in the queue.
  std::optional<job> try_submit(command cmd, options opts = {},
                                callback<void(const job&)> on_done = {});

  /// Run all, return the results in the order of the commands. Errors: the first that a job ended
  /// with, in that order, once all have ended.
  std::vector<completed_process> map(std::vector<command> commands, const options& opts = {});
  std::vector<expected<completed_process, error>> try_map(std::vector<command> commands,
                                                          const options& opts = {});

  class completed;
  /// Jobs as they end, each once, those included that have ended before; until none is left:
  /// `for (brood::job& done : pool.as_completed())`. Jobs may be submitted meanwhile.
  completed as_completed();

  /// Start nothing more; what runs goes on.
  void pause();
  void resume();
  /// How many jobs may run from now on. If more are running, they go on. Errors: usage_error.
  void resize(worker_count n);

  void cancel_all();
  /// Wait until nothing is queued, running or waiting.
  void wait();
  /// \return false if something is left after `timeout`.
  bool wait_for(duration timeout);
  /// Refuse what is submitted from now on; then wait().
  void shutdown();

  struct counts {
    std::size_t queued = 0;
    std::size_t running = 0;
    std::size_t waiting = 0;
    std::uint64_t done = 0;
    std::uint64_t failed = 0;  ///< of done: ended with an error or not accepted
  };
  counts count() const;
  int max_workers() const;
  /// Under jobserver_role::join: why there is no jobserver to share, as by
  /// jobserver_client::find().
  std::optional<error> jobserver_problem() const;

  struct impl;  ///< opaque

 private:
  std::unique_ptr<impl> impl_;
};

/// An input range over the jobs of a pool.
class pool::completed {
 public:
  class iterator {
   public:
    using value_type = job;
    using difference_type = std::ptrdiff_t;
    using iterator_concept = std::input_iterator_tag;
    job& operator*() const noexcept { return owner_->current_; }
    iterator& operator++() {
      owner_->next();
      return *this;
    }
    void operator++(int) { ++*this; }
    bool operator==(std::default_sentinel_t) const noexcept { return !owner_->current_; }

   private:
    friend class completed;
    explicit iterator(completed* owner) noexcept : owner_(owner) {}
    completed* owner_;
  };
  iterator begin() {
    next();
    return iterator(this);
  }
  std::default_sentinel_t end() const noexcept { return {}; }

 private:
  friend class pool;
  explicit completed(impl& p) noexcept : pool_(&p) {}
  void next();
  impl* pool_;
  job current_;
};

}  // namespace brood
