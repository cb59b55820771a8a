// The thread of a worker pool: starts workers, gives them requests, replaces them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <unordered_map>
#include <vector>

#include "workers/worker.hpp"

namespace brood::detail {

class worker_engine {
 public:
  explicit worker_engine(std::shared_ptr<worker_core> core)
      : core_(std::move(core)), loop_(*core_->loop) {}
  /// Until the pool is to end and nothing is left.
  void run();

  event_loop& loop() noexcept { return loop_; }
  /// Its channel has something, or its deadline has come.
  void look_at(worker& w);
  /// Its process has ended.
  void ended(worker& w);

 private:
  using lock = std::lock_guard<std::mutex>;

  bool handle();
  void cancel(const request_ptr& r);
  void cancel_everything();
  void take_back(worker& w);

  void start_what_is_needed();
  bool needs_another();
  bool start_one();
  void start_failed(const error& why);
  error not_ready(worker& w, fault v) const;
  void fail_queued(const error& why);

  request_ptr next_queued();
  void hand_out();
  void begin(worker& w, request_ptr r);
  void judge(worker& w, message_channel::state s);
  void said(worker& w);
  void became_ready(worker& w, const std::string& said);
  void set_free(worker& w);

  void expire();
  void leave_service(worker& w);
  void recycle(worker& w);
  void fail(worker& w, fault v);
  void hear_last_words(worker& w);
  void reap(worker& w);
  void try_elsewhere(request_ptr r, completed_process how);
  void give_up_victim(request_ptr r);

  void finish(const request_ptr& r, expected<std::string, error> outcome);
  error misbehaved(worker& w, fault v) const;
  std::size_t in_service() const;  // with the lock held
  std::int64_t next_look(std::int64_t now);

  std::shared_ptr<worker_core> core_;
  event_loop& loop_;
  std::unordered_map<worker*, std::unique_ptr<worker>> workers_;
  std::vector<std::unique_ptr<worker>> gone_;  // destroyed once nobody is inside
  bool leaving_ = false;
  int barren_ = 0;                // workers in a row that were of no use
  std::int64_t start_after_ = 0;  // no start before, if it can wait
};

}  // namespace brood::detail
