// The pool's thread: starts jobs as the scheduler says, carries them on, says how they ended.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <vector>

#include "async/process_task.hpp"
#include "pool/core.hpp"
#include "scope/spawn_resources.hpp"

namespace brood::detail {

class engine;

/// An attempt of a job that runs.
class pool_task final : public exit_handler {
 public:
  pool_task(engine& e, job::shared& j, std::unique_ptr<job_token> t)
      : token(std::move(t)), engine_(e), job_(j) {}
  void on_start(process_task& t) override;
  void on_exit(process_task& t) override;

  std::unique_ptr<process_task> process;
  std::unique_ptr<job_token> token;  // in the jobserver

 private:
  engine& engine_;
  job::shared& job_;
};

class engine {
 public:
  engine(std::shared_ptr<pool_core> core, pool_options opts);
  /// Until the pool wants no more and nothing is left.
  void run();
  void ended(job::shared& j, scheduler::outcome how, std::exception_ptr thrown);

 private:
  struct requests {
    std::vector<job_ptr> cancels;
    bool leave = false;
  };

  requests take_requests();
  void expire();
  deadline next_moment();
  void start_what_may();
  job_ptr next_job();
  void start(job::shared& j);
  void cancel(const job_ptr& j);
  void stop_all(reason why);
  void finish(const job_ptr& j, scheduler::outcome outcome, std::exception_ptr thrown = nullptr);
  void tell(const job_ptr& j);
  token_source::load load() const;
  static void set_state(job::shared& j, job_state s, int pid);

  std::shared_ptr<pool_core> core_;
  event_loop& loop_;
  pool_options opts_;
  deadline deadline_;
  spawn_resources resources_;   // outlives the processes
  std::deque<job_ptr> untold_;  // those that have ended, in that order
  bool holds_ = false;          // after a failure under fail_fast, until the others are cancelled
  bool wanting_ = false;        // a job waits for a token of the jobserver
};

}  // namespace brood::detail
