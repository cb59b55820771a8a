// What workers are asked and what they answer: the other half of the thread of a worker pool.
// SPDX-License-Identifier: Apache-2.0
#include <cerrno>

#include "base/make_error.hpp"
#include "base/seconds.hpp"
#include "sys/time.hpp"
#include "workers/worker_engine.hpp"

namespace brood::detail {

namespace {

using state = message_channel::state;

}  // namespace

// --- a request ---

request_ptr worker_engine::next_queued() {
  const lock hold(core_->lock);
  while (!core_->queue.empty()) {
    request_ptr r = std::move(core_->queue.front());
    core_->queue.pop_front();
    if (r->finished()) continue;  // cancelled while it was queued
    --core_->counts.queued;
    core_->changed.notify_all();
    return r;
  }
  return nullptr;
}

void worker_engine::hand_out() {
  for (;;) {
    worker* w = nullptr;
    {
      const lock hold(core_->lock);
      if (core_->idle.empty() || core_->counts.queued == 0 || leaving_) return;
      w = static_cast<worker*>(core_->idle.back());
      core_->idle.pop_back();
      w->state = worker_state::busy;
      --core_->counts.idle;
      ++core_->counts.busy;
    }
    request_ptr r = next_queued();
    if (!r) return set_free(*w);
    begin(*w, std::move(r));
  }
}

void worker_engine::begin(worker& w, request_ptr r) {
  if (const state s = w.line->between(); s != state::waiting) {
    {
      const lock hold(core_->lock);  // it is not the request's fault
      core_->queue.push_front(std::move(r));
      ++core_->counts.queued;
    }
    return fail(w, s == state::closed ? fault::closed : fault::unasked);
  }
  {
    const lock hold(r->lock);
    r->state = reply_state::running;
  }
  r->borrower = &w;
  w.deadline = core_->deadline_of(r->timeout);
  w.line->send(r->message);
  w.work = std::move(r);
  judge(w, w.line->step(false));
}

void worker_engine::look_at(worker& w) {
  if (w.state == worker_state::stopping) return w.stop(reason::cancelled);  // its grace is over
  judge(w, w.line->step(true));
}

void worker_engine::judge(worker& w, state s) {
  switch (s) {
    case state::answered:
      return said(w);
    case state::closed:
      return fail(w, fault::closed);
    case state::too_long:
      return fail(w, fault::too_long);
    default:
      if (sys::now() >= w.deadline) return fail(w, fault::late);
      loop_.watch(w, w.line->wanted(), deadline::at(w.deadline));
  }
}

void worker_engine::said(worker& w) {
  std::string message = w.line->take();
  if (w.state == worker_state::starting) return became_ready(w, message);
  ++w.answered;
  barren_ = 0;
  const request_ptr answered = std::exchange(w.work, nullptr);
  set_free(w);  // first: a caller that has the answer finds the worker idle
  finish(answered, std::move(message));
}

void worker_engine::became_ready(worker& w, const std::string& said) {
  const std::optional<std::string>& wanted = core_->opts.ready;
  if (wanted && !wanted->empty() && said != *wanted) return fail(w, fault::unasked);
  if (wanted) barren_ = 0;
  w.ready = true;
  {
    const lock hold(core_->lock);
    w.state = worker_state::busy;
    --core_->counts.starting;
    ++core_->counts.busy;
    core_->start_error.reset();
    core_->changed.notify_all();
  }
  set_free(w);
}

/// A busy worker has nothing to do: the next request, or none.
void worker_engine::set_free(worker& w) {
  const std::int64_t now = sys::now();
  if (core_->worn_out(w, now)) {
    {
      const lock hold(core_->lock);
      ++core_->counts.recycled;
    }
    return recycle(w);
  }
  if (request_ptr r = leaving_ ? nullptr : next_queued()) return begin(w, std::move(r));
  // What is watched is this thread's; who borrows it must be alone with it. What is left of a
  // hello is written before the next request.
  loop_.forget(w);
  w.deadline = INT64_MAX;
  const lock hold(core_->lock);
  w.state = worker_state::idle;
  w.idle_since = now;
  --core_->counts.busy;
  ++core_->counts.idle;
  core_->idle.push_back(&w);
}

void worker_engine::take_back(worker& w) {
  {
    const lock hold(core_->lock);
    w.state = worker_state::busy;
  }
  if (w.work) w.work->borrower = &w;
  if (w.found != fault::none && w.found != fault::worn) return fail(w, w.found);
  if (w.ended) return reap(w);
  if (leaving_) return recycle(w);
  set_free(w);
}

void worker_engine::try_elsewhere(request_ptr r, completed_process how) {
  r->borrower = nullptr;
  r->over.push_back(std::move(how));
  if (leaving_) {
    return finish(r, unexpected(os_error(error_stage::request, core_->cmd.to_string(), ECANCELED)
                                    .with(std::move(r->over.back()))));
  }
  if (r->over.size() > 1) return give_up_victim(std::move(r));
  {
    const lock hold(r->lock);
    r->state = reply_state::queued;
  }
  const lock hold(core_->lock);
  core_->queue.push_front(std::move(r));
  ++core_->counts.queued;
}

void worker_engine::give_up_victim(request_ptr r) {
  completed_process last = std::move(r->over.back());
  r->over.pop_back();
  const std::string text =
      "two workers ended over this request, the last: " + last.status.to_string();
  last.attempts = std::move(r->over);
  finish(r,
         unexpected(error(error_kind::broken, error_stage::read, core_->cmd.to_string(), {}, text)
                        .with(std::move(last))));
}

void worker_engine::finish(const request_ptr& r, expected<std::string, error> outcome) {
  r->borrower = nullptr;
  {
    const lock hold(core_->lock);  // who has the result finds it counted
    ++core_->counts.done;
    core_->counts.failed += !outcome;
  }
  {
    const lock hold(r->lock);
    r->outcome.emplace(std::move(outcome));
    r->state = reply_state::done;
    r->changed.notify_all();
  }
  const lock hold(core_->lock);
  if (--core_->unfinished == 0) core_->changed.notify_all();
}

// --- errors ---

error worker_engine::misbehaved(worker& w, fault v) const {
  const std::string line = core_->cmd.to_string();
  if (v == fault::late) {
    return error(error_kind::timed_out, error_stage::timeout, line, {}, "no answer in time")
        .with(w.so_far(reason::timed_out));
  }
  const completed_process so_far = w.so_far(reason::cancelled);
  if (v == fault::cancelled) {
    return os_error(error_stage::request, line, ECANCELED).with(so_far);
  }
  return error(error_kind::bad_data, error_stage::read, line, {},
               "the answer has more than " + std::to_string(core_->opts.max_frame) + " bytes")
      .with(so_far);
}

error worker_engine::not_ready(worker& w, fault v) const {
  const std::string line = core_->cmd.to_string();
  if (v == fault::late) {
    return error(
               error_kind::timed_out, error_stage::timeout, line, {},
               "the worker was not ready in " + in_seconds(core_->opts.start_timeout.nanoseconds()))
        .with(*w.end);
  }
  if (v == fault::too_long || v == fault::unasked) {
    return error(error_kind::bad_data, error_stage::read, line, {},
                 "the worker's first message is not the one that says it is ready")
        .with(*w.end);
  }
  return error(error_kind::broken, error_stage::read, line, {},
               "the worker ended before it was of use: " + w.end->status.to_string())
      .with(*w.end);
}

}  // namespace brood::detail
