// The pool's thread: starts jobs, carries them on, ends them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

#include "async/flight.hpp"
#include "base/retry.hpp"
#include "pool/core.hpp"
#include "process/spawn_resources.hpp"

namespace brood::detail {

class engine {
 public:
  engine(std::shared_ptr<pool_core> core, pool_options opts);
  /// Until the pool wants no more and nothing is left.
  void run();

 private:
  // A job that has been started at least once. As a task it waits for its next attempt.
  class active final : public flight_owner, public loop_task {
   public:
    active(engine& e, job_ptr j);
    ~active();
    void landed(flight&) override;
    void proceed() override { engine_.proceed(*this); }

    engine& engine_;
    job_ptr job;
    std::optional<process> ground;    // a command that is about to start, without a pid
    std::unique_ptr<flight> air;      // one that runs; null between two attempts
    std::unique_ptr<job_token> part;  // in the jobserver, of the attempt that runs
    retry_policy policy;
    retry_schedule schedule;
    bool cancelled = false;  // told to end from outside: no other attempt
    std::vector<completed_process> before;
  };
  struct requests {
    std::vector<job_ptr> cancels;
    bool cancel_all = false;
  };

  requests take_requests();
  void handle(const requests& w);
  void start_what_may();
  job_ptr next_queued();
  void begin(job_ptr j);
  void attempt(active& a);
  void on_started(active& a);
  void let_go();
  void proceed(active& a);
  void failed_to_start(active& a, error why);
  void again(active& a);
  void ended(active& a, expected<completed_process, error> outcome, std::exception_ptr thrown);
  void cancel(const job_ptr& j);
  void stop_all(reason why);
  void finish(const job_ptr& j, expected<completed_process, error> outcome,
              std::exception_ptr thrown = nullptr);
  bool may_start() const;
  token_source::load load() const;
  bool may_leave() const;
  static void set_state(const job_ptr& j, job_state s, int pid);
  error timed_out(const job_ptr& j) const;

  std::shared_ptr<pool_core> core_;
  event_loop& loop_;
  pool_options opts_;
  std::int64_t deadline_;
  spawn_resources resources_;  // outlives the flights
  std::unordered_map<job::shared*, std::unique_ptr<active>> active_;
  std::vector<std::unique_ptr<active>> gone_;  // destroyed once nobody is inside
  std::deque<job_ptr> starting_;               // took off, and were not known to have started
  std::size_t running_ = 0;
  bool starved_ = false;   // the system refused a start: wait for an end
  bool slotless_ = false;  // a job waits for a slot of the jobserver
};

}  // namespace brood::detail
