// The event loop's poller: carries one command on as a task among others.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <exception>
#include <memory>
#include <vector>

#include "loop/event_loop.hpp"
#include "process/execution.hpp"

namespace brood::detail {

class process_task;

/// Is told that a command has ended. Called on the loop's thread; may destroy the task.
class exit_handler {
 public:
  virtual void on_exit(process_task& t) = 0;
  /// Its pid is known now. Not called for one that has it from the start.
  virtual void on_start(process_task&) {}

 protected:
  ~exit_handler() = default;
};

/// For the loop's thread alone.
class process_task final : public loop_task {
 public:
  process_task(event_loop& loop, std::unique_ptr<execution> e, exit_handler& handler);
  ~process_task() override;

  /// Begin to carry it on. It may end at once.
  void start() { carry_on(); }
  void proceed() override;
  /// Start to stop it; asked again, straight to SIGKILL.
  void stop(reason why);
  /// Nobody wants the output any more: stop, call no callback, and tell `heir` when it is over.
  void disown(exit_handler& heir);

  execution& of() noexcept { return *execution_; }
  const execution& of() const noexcept { return *execution_; }
  /// Once it has ended: the result. Not if a callback threw.
  expected<completed_process, error> take_result() { return execution_->take_result(); }
  /// What a callback threw: for that it was stopped.
  std::exception_ptr thrown() const noexcept { return thrown_; }
  /// Once it has ended: it was stopped for its own limits, not because somebody asked.
  bool stopped_for_a_limit() const;

 private:
  void carry_on();
  void give_up(std::exception_ptr why);

  event_loop& loop_;
  std::unique_ptr<execution> execution_;
  exit_handler* handler_;
  bool has_pid_;
  std::exception_ptr thrown_;
  std::vector<sys::wait_item> items_;
};

}  // namespace brood::detail
