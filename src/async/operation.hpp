// What async_run and sleep_for wait for.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "async/loop_impl.hpp"
#include "async/process_task.hpp"
#include "base/attempts.hpp"

namespace brood::detail {

/// A command with its attempts. As a task of the loop it waits for the next one.
class operation final : public waiter, public exit_handler, public loop_task {
 public:
  operation(loop::impl& l, command cmd, options opts, std::stop_token stop);
  ~operation() override;

  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> h);
  expected<completed_process, error> await_resume();

  void cancel() override;
  void abandon() override;
  void on_exit(process_task& f) override;
  void proceed() override;

 private:
  void attempt();
  void ended(expected<completed_process, error> result);
  void finish(expected<completed_process, error> result);
  void leave();

  std::shared_ptr<const command> cmd_;
  std::shared_ptr<const options> opts_;
  std::optional<attempts> attempts_;
  std::unique_ptr<process_task> running_;  // null between two attempts
  bool suspended_ = false;
  std::optional<expected<completed_process, error>> result_;
  std::exception_ptr thrown_;
};

/// A moment. As a task of the loop it waits for that.
class sleeper final : public waiter, public loop_task {
 public:
  sleeper(loop::impl& l, std::int64_t at, std::stop_token stop);
  ~sleeper() override;

  bool await_ready() const noexcept { return false; }
  bool await_suspend(std::coroutine_handle<> h);
  bool await_resume() const noexcept { return !cancelled_; }

  void cancel() override;
  void abandon() override;
  void proceed() override;

 private:
  std::int64_t at_;
  bool over_ = false;
  bool cancelled_ = false;
};

}  // namespace brood::detail
