// What a pool's thread and its callers share: the queue, the requests, the numbers.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include <brood/pool.hpp>

#include "loop/event_loop.hpp"
#include "pool/job.hpp"
#include "pool/slots.hpp"

namespace brood::detail {

using job_ptr = std::shared_ptr<job::shared>;

/// Everything here is guarded by `lock`, but for the loop's wake().
class pool_core {
 public:
  std::mutex lock;
  // Apart, so that an end does not wake who waits for something else.
  std::condition_variable idle;    // nothing is left
  std::condition_variable room;    // in the queue, or it was shut
  std::condition_variable listed;  // something more is in `finished`, or nothing is left

  std::unique_ptr<event_loop> loop;
  std::unique_ptr<token_source> slots;  // the pool's thread's; null: max_workers is all there is
  std::thread::id own_thread;
  std::deque<job_ptr> queue;     // may hold jobs that were cancelled meanwhile
  std::vector<job_ptr> cancels;  // requests for the pool's thread
  bool cancel_all = false;
  std::size_t max_queued = 0;
  int workers = 1;
  bool paused = false;
  bool shut = false;   // refuse what is submitted
  bool leave = false;  // the thread is to end once nothing is left
  std::uint64_t last_id = 0;
  std::size_t unfinished = 0;
  pool::counts counts;
  std::deque<job> finished;  // for as_completed()

  /// Tell the pool's thread that something has changed. After the pool is gone: nobody.
  void wake() {
    if (loop) loop->wake();
  }
  bool on_own_thread() const noexcept { return std::this_thread::get_id() == own_thread; }
};

}  // namespace brood::detail
