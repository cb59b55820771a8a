// A worker as the pool's thread has it: its process and its end of the channel.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <optional>

#include "async/process_task.hpp"
#include "workers/worker_core.hpp"

namespace brood::detail {

class worker_engine;

class worker final : public asked_worker, public loop_task, public exit_handler {
 public:
  explicit worker(worker_engine& e) noexcept : engine_(e) {}
  ~worker() override;

  /// Start the process. Errors: spawn_error.
  expected<void, error> start(const worker_core& core);
  /// Begin to be carried on by the loop; may land at once.
  void on_started() { process_->start(); }
  /// Go down the ladder; once. The channel closes.
  void stop(reason why);
  /// What can be told of it at this moment, or how it ended.
  completed_process so_far(reason why);

  void proceed() override;
  void on_exit(process_task& t) override;

  std::int64_t deadline = INT64_MAX;  ///< of what it does now
  bool ready = false;
  std::optional<completed_process> end;

 private:
  worker_engine& engine_;
  std::unique_ptr<process_task> process_;
  bool stopped_ = false;
};

}  // namespace brood::detail
