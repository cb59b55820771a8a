// What a job's handles share with the pool.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>

#include <brood/pool.hpp>

namespace brood {

namespace detail {
class pool_core;
}

struct job::shared {
  explicit shared(command c) : cmd(std::move(c)) {}

  // Fixed at submission.
  std::uint64_t id = 0;
  command cmd;
  callback<void(const job&)> on_done;
  bool listed = false;  // as_completed() gives it
  std::weak_ptr<detail::pool_core> core;

  // The pool's thread's.
  std::unique_ptr<options> opts;  // given up once they are not needed

  std::mutex lock;
  std::condition_variable changed;
  // Guarded by lock.
  job_state state = job_state::queued;
  int pid = -1;
  std::optional<expected<completed_process, error>> outcome;
  std::exception_ptr thrown;

  bool finished() {
    const std::lock_guard hold(lock);
    return state == job_state::done;
  }
};

struct job_access {
  static job wrap(std::shared_ptr<job::shared> s) { return job(std::move(s)); }
};

}  // namespace brood
