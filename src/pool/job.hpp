// What a job's handles share with the pool.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>

#include <brood/pool.hpp>

#include "schedule/scheduler.hpp"

namespace brood {

namespace detail {
class pool_core;
class pool_task;
}  // namespace detail

struct job::shared final : detail::scheduled {
  shared(command c, options o, std::int64_t now, std::uint64_t number)
      : scheduled(o.retry, now, number * 0x9E3779B97F4A7C15U),  // 2^64 divided by the golden ratio
        id(number),
        cmd(std::make_shared<const command>(std::move(c))),
        opts(std::make_shared<const options>(std::move(o))) {}
  ~shared();

  // Fixed at submission.
  const std::uint64_t id;
  const std::shared_ptr<const command> cmd;
  callback<void(const job&)> on_done;
  bool listed = false;  // as_completed() gives it
  std::weak_ptr<detail::pool_core> core;

  // The pool's thread's.
  std::shared_ptr<const options> opts;      // null once it is over
  std::unique_ptr<detail::pool_task> task;  // while an attempt runs

  std::mutex lock;
  std::condition_variable changed;
  // Guarded by lock.
  job_state state = job_state::queued;
  int pid = -1;
  std::optional<expected<completed_process, error>> outcome;
  std::exception_ptr thrown;
};

struct job_access {
  static job wrap(std::shared_ptr<job::shared> s) { return job(std::move(s)); }
};

}  // namespace brood
