// What a pool's thread and its callers share: the jobs and what is asked of them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <unordered_map>
#include <vector>

#include <brood/pool.hpp>

#include "jobserver/token_source.hpp"
#include "loop/event_loop.hpp"
#include "pool/job.hpp"
#include "schedule/scheduler.hpp"

namespace brood::detail {

using job_ptr = std::shared_ptr<job::shared>;

/// Everything here is guarded by `lock`, but for the loop's wake().
class pool_core {
 public:
  explicit pool_core(std::size_t workers) : schedule(workers) {}

  std::mutex lock;
  // Apart, so that an end does not wake those who wait for something else.
  std::condition_variable idle;    // nothing is left
  std::condition_variable room;    // in the queue, or it was shut
  std::condition_variable listed;  // something more is in `finished`, or nothing is left

  std::unique_ptr<event_loop> loop;
  std::unique_ptr<token_source> tokens;  // the pool's thread's; null: max_workers is all there is
  std::thread::id own_thread;
  scheduler schedule;
  std::unordered_map<std::uint64_t, job_ptr> jobs;  // that are not done
  std::vector<job_ptr> cancels;                     // asked for
  std::uint64_t cancel_up_to = 0;                   // the same, for all jobs up to this one
  std::size_t max_queued = 0;
  bool shut = false;   // refuse what is submitted
  bool leave = false;  // the thread is to end once nothing is left
  std::uint64_t last_id = 0;
  std::uint64_t done = 0;
  std::uint64_t failed = 0;
  std::deque<job> finished;  // for as_completed()

  /// Tell the pool's thread that something has changed. After the pool is gone: nobody.
  void wake() {
    if (loop) loop->wake();
  }
  bool on_own_thread() const noexcept { return std::this_thread::get_id() == own_thread; }
  bool full() const noexcept {
    return max_queued > 0 && schedule.count().queued >= max_queued && !shut;
  }
};

}  // namespace brood::detail
