// Awaiting a command, with its attempts, and a moment.
// SPDX-License-Identifier: Apache-2.0
#include "async/operation.hpp"

#include "base/make_error.hpp"
#include "base/retry.hpp"
#include "executor/executor.hpp"
#include "sys/time.hpp"

namespace brood {

namespace detail {

// --- a command ---

operation::operation(loop::impl& l, command cmd, options opts, std::stop_token stop)
    : waiter(l, std::move(stop)),
      cmd_(std::make_shared<const command>(std::move(cmd))),
      opts_(std::make_shared<const options>(std::move(opts))) {}

operation::~operation() { leave(); }

// The loop will not hear of us any more; it takes the command over.
void operation::leave() {
  if (!loop_) return;
  loop_->events->forget(*this);
  if (running_) loop_->adopt(std::move(running_));
}

void operation::abandon() {
  leave();
  waiter::abandon();
}

bool operation::await_suspend(std::coroutine_handle<> h) {
  coroutine_ = h;
  if (auto mistake = find_mistake(opts_->retry)) {
    result_.emplace(unexpected(std::move(*mistake)));
    return false;
  }
  const std::int64_t now = sys::now();
  attempts_.emplace(opts_->retry, now, static_cast<std::uint64_t>(now));
  if (stop_requested()) {
    cancel();
  } else {
    attempt();
  }
  if (result_) return false;
  listen();
  suspended_ = true;
  return true;
}

void operation::attempt() {
  auto started = executor_in_force().start({cmd_, opts_, attempts_->number()}, &loop_->resources);
  if (!started) return ended(unexpected(started.error()));
  running_ = std::make_unique<process_task>(*loop_->events, std::move(*started), *this);
  running_->start();
}

void operation::on_exit(process_task& t) {
  const std::unique_ptr<process_task> over = std::move(running_);
  thrown_ = t.thrown();
  if (thrown_) return finish(completed_process{});
  ended(t.take_result());
}

void operation::ended(expected<completed_process, error> result) {
  const auto next = attempts_->ended(result, cmd_->args(), sys::now());
  if (!next) return finish(std::move(result));
  loop_->events->watch(*this, {}, *next);
}

void operation::finish(expected<completed_process, error> result) {
  loop_->events->forget(*this);
  attempts_->finish(result);
  result_.emplace(std::move(result));
  if (suspended_) resume();
}

void operation::proceed() {
  loop_->events->forget(*this);
  attempt();
}

void operation::cancel() {
  if (result_) return;
  attempts_->stop();
  if (running_) return running_->stop(reason::cancelled);
  completed_process never;
  never.args = cmd_->args();
  never.reason = reason::cancelled;
  if (!opts_->check) return finish(std::move(never));
  finish(
      unexpected(error(error_kind::failed, error_stage::check, cmd_->to_string(), {}, "cancelled")
                     .with(never)));
}

expected<completed_process, error> operation::await_resume() {
  if (thrown_) std::rethrow_exception(thrown_);
  return std::move(*result_);
}

// --- a moment ---

sleeper::sleeper(loop::impl& l, std::int64_t at, std::stop_token stop)
    : waiter(l, std::move(stop)), at_(at) {}

sleeper::~sleeper() {
  if (loop_) loop_->events->forget(*this);
}

void sleeper::abandon() {
  loop_->events->forget(*this);
  waiter::abandon();
}

bool sleeper::await_suspend(std::coroutine_handle<> h) {
  coroutine_ = h;
  cancelled_ = stop_requested();
  if (cancelled_) return false;
  loop_->events->watch(*this, {}, deadline::at(at_));
  listen();
  return true;
}

void sleeper::proceed() {
  loop_->events->forget(*this);
  over_ = true;
  resume();
}

void sleeper::cancel() {
  if (over_) return;
  cancelled_ = true;
  proceed();
}

}  // namespace detail

namespace {

task<expected<completed_process, error>> try_run_on(loop::impl& l, command cmd, options opts,
                                                    std::stop_token stop) {
  detail::operation all(l, std::move(cmd), std::move(opts), std::move(stop));
  co_return co_await all;
}

task<completed_process> run_on(loop::impl& l, command cmd, options opts, std::stop_token stop) {
  detail::operation all(l, std::move(cmd), std::move(opts), std::move(stop));
  expected<completed_process, error> r = co_await all;
  co_return std::move(r).value();
}

task<bool> sleep_on(loop::impl& l, std::int64_t nanoseconds, std::stop_token stop) {
  const std::int64_t now = detail::sys::now();
  const std::int64_t at = nanoseconds > INT64_MAX - now ? INT64_MAX : now + nanoseconds;
  detail::sleeper moment(l, at, std::move(stop));
  co_return co_await moment;
}

}  // namespace

task<completed_process> async_run(loop& l, const command& cmd) { return async_run(l, cmd, {}); }

task<completed_process> async_run(loop& l, const command& cmd, const options& opts,
                                  std::stop_token stop) {
  return run_on(loop_access::of(l), cmd, opts, std::move(stop));
}

task<expected<completed_process, error>> async_try_run(loop& l, const command& cmd) {
  return async_try_run(l, cmd, {});
}

task<expected<completed_process, error>> async_try_run(loop& l, const command& cmd,
                                                       const options& opts, std::stop_token stop) {
  return try_run_on(loop_access::of(l), cmd, opts, std::move(stop));
}

task<bool> sleep_for(loop& l, duration time, std::stop_token stop) {
  if (time.not_a_number()) detail::bad_request("sleep_for", "not a number").raise();
  return sleep_on(loop_access::of(l), time.nanoseconds() < 0 ? 0 : time.nanoseconds(),
                  std::move(stop));
}

}  // namespace brood
