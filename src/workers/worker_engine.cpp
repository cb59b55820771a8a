// How many workers there are: starting, shrinking, recycling, ending them.
// SPDX-License-Identifier: Apache-2.0
#include "workers/worker_engine.hpp"

#include <algorithm>
#include <cerrno>

#include "base/make_error.hpp"
#include "sys/time.hpp"

namespace brood::detail {

namespace {

constexpr std::int64_t ms = 1'000'000;
constexpr std::int64_t first_pause = 100 * ms;  // after a start that went wrong
constexpr int longest_pause = 6;                // doublings of it
constexpr int enough = 3;                       // useless workers in a row
// From end-of-file on the channel to the exit, which is about to come if the worker crashed.
constexpr std::int64_t exit_grace = 100 * ms;

}  // namespace

void worker_engine::run() {
  for (;;) {
    const bool leave = handle();
    hand_out();
    start_what_is_needed();
    expire();
    if (leave && workers_.empty()) return;
    gone_.clear();
    loop_.turn(deadline::at(next_look(sys::now())));
    gone_.clear();
  }
}

/// \return whether the pool is to end.
bool worker_engine::handle() {
  std::vector<request_ptr> cancels;
  std::vector<asked_worker*> returned;
  bool leave = false;
  {
    const lock hold(core_->lock);
    cancels.swap(core_->cancels);
    returned.swap(core_->returned);
    leave = core_->leave;
  }
  for (asked_worker* w : returned) take_back(static_cast<worker&>(*w));
  for (const request_ptr& r : cancels) cancel(r);
  if (leave && !leaving_) cancel_everything();
  leaving_ = leave;
  return leave;
}

void worker_engine::cancel(const request_ptr& r) {
  if (r->finished()) return;
  if (r->borrower) return fail(*r->borrower, fault::cancelled);
  {
    const lock hold(core_->lock);
    --core_->counts.queued;
    core_->changed.notify_all();
  }
  finish(r, unexpected(os_error(error_stage::request, core_->cmd.to_string(), ECANCELED)));
}

void worker_engine::cancel_everything() {
  std::vector<request_ptr> queued;
  std::vector<worker*> all;
  {
    const lock hold(core_->lock);
    queued.assign(core_->queue.begin(), core_->queue.end());
    core_->queue.clear();
    for (const auto& [w, owned] : workers_) {
      if (w->state != worker_state::lent && w->state != worker_state::stopping) all.push_back(w);
    }
  }
  for (const request_ptr& r : queued) cancel(r);
  for (worker* w : all) {
    if (w->work) {
      fail(*w, fault::cancelled);
    } else {
      recycle(*w);
    }
  }
}

// --- starting ---

std::size_t worker_engine::in_service() const { return workers_.size() - core_->counts.stopping; }

bool worker_engine::needs_another() {
  const lock hold(core_->lock);
  if (core_->leave || workers_.size() >= core_->max_workers) return false;
  const bool may = sys::now() >= start_after_;
  if (core_->counts.queued > core_->counts.starting) return may || in_service() == 0;
  return may && in_service() < core_->min_workers;
}

void worker_engine::start_what_is_needed() {
  while (needs_another() && start_one()) {
  }
}

bool worker_engine::start_one() {
  auto owned = std::make_unique<worker>(*this);
  worker& w = *owned;
  if (auto started = w.start(*core_); !started) {
    if (started.error().kind() == error_kind::busy && !workers_.empty()) {
      start_after_ = sys::now() + first_pause;  // those that are there do the work meanwhile
    } else {
      start_failed(started.error());
    }
    return false;
  }
  workers_.emplace(&w, std::move(owned));
  {
    const lock hold(core_->lock);
    ++core_->counts.started;
    ++core_->counts.starting;
    core_->pids.push_back(w.pid);
  }
  w.on_started();
  if (w.ended) return true;
  if (core_->opts.hello) w.line->send(*core_->opts.hello);
  w.deadline = moment_after(w.started_at, core_->opts.start_timeout);
  const message_channel::state s = w.line->step(false);
  if (core_->opts.ready || s != message_channel::state::waiting) {
    judge(w, s);
  } else {
    became_ready(w, {});
  }
  return true;
}

void worker_engine::start_failed(const error& why) {
  start_after_ = sys::now() + (first_pause << std::min(barren_, longest_pause));
  ++barren_;
  bool nobody = false;
  {
    const lock hold(core_->lock);
    core_->start_error = why;
    core_->changed.notify_all();
    nobody = in_service() == 0;
  }
  const bool hopeless = !why.result() || barren_ >= enough;  // without a result: no process at all
  if (nobody && hopeless) fail_queued(why);
}

void worker_engine::fail_queued(const error& why) {
  while (const request_ptr r = next_queued()) finish(r, unexpected(why));
}

// --- ending ---

/// It will not be asked any more; its channel is watched no longer.
void worker_engine::leave_service(worker& w) {
  loop_.forget(w);
  const lock hold(core_->lock);
  if (w.state == worker_state::stopping) return;
  if (w.state == worker_state::starting) --core_->counts.starting;
  if (w.state == worker_state::busy || w.state == worker_state::lent) --core_->counts.busy;
  if (w.state == worker_state::idle) {
    --core_->counts.idle;
    std::erase(core_->idle, &w);
  }
  w.state = worker_state::stopping;
  ++core_->counts.stopping;
}

/// It did nothing wrong, but is not needed.
void worker_engine::recycle(worker& w) {
  leave_service(w);
  if (w.ended) return reap(w);
  const duration grace = core_->opts.close_grace;
  if (!grace.given()) return w.stop(reason::cancelled);
  w.line->close();
  w.deadline = moment_after(sys::now(), grace);
  loop_.watch(w, {}, deadline::at(w.deadline));
}

void worker_engine::fail(worker& w, fault v) {
  leave_service(w);
  w.found = v;
  if (v != fault::closed && v != fault::cancelled) {
    const lock hold(core_->lock);
    ++core_->counts.faulty;
  }
  if (v != fault::closed && w.work) {
    const request_ptr r = std::exchange(w.work, nullptr);
    finish(r, unexpected(misbehaved(w, v)));
  }
  if (w.ended) return reap(w);
  if (v != fault::closed) {
    return w.stop(v == fault::late ? reason::timed_out : reason::cancelled);
  }
  w.line->close();
  w.deadline = sys::now() + exit_grace;
  loop_.watch(w, {}, deadline::at(w.deadline));
}

void worker_engine::ended(worker& w) {
  bool lent = false;
  {
    const lock hold(core_->lock);
    w.ended = true;
    lent = w.state == worker_state::lent;
    if (w.state == worker_state::idle) {  // from here on nobody borrows it
      std::erase(core_->idle, &w);
      w.state = worker_state::busy;
      --core_->counts.idle;
      ++core_->counts.busy;
    }
  }
  if (lent) return sys::raise_event(w.gone.get());  // who has it will bring it back
  reap(w);
}

void worker_engine::hear_last_words(worker& w) {
  const message_channel::state s = w.line->step(true);
  if (s == message_channel::state::too_long) {
    const request_ptr r = std::exchange(w.work, nullptr);
    finish(r, unexpected(misbehaved(w, fault::too_long)));
  } else if (s == message_channel::state::answered) {
    ++w.answered;
    const request_ptr r = std::exchange(w.work, nullptr);
    finish(r, w.line->take());
  }
}

void worker_engine::reap(worker& w) {
  const worker_state was = w.state;
  if (was == worker_state::busy && w.work) hear_last_words(w);  // it may have answered before
  leave_service(w);
  const bool by_itself = was != worker_state::stopping || w.found == fault::closed;
  const bool useless = w.answered == 0 && !w.work && (by_itself || !w.ready);
  {
    const lock hold(core_->lock);
    --core_->counts.stopping;
    core_->counts.crashed += by_itself;
    std::erase(core_->pids, w.pid);
  }
  const auto at = workers_.find(&w);
  gone_.push_back(std::move(at->second));
  workers_.erase(at);
  if (w.work) try_elsewhere(std::exchange(w.work, nullptr), *w.end);
  if (useless && !leaving_) start_failed(not_ready(w, w.found));
}

// --- what time brings ---

void worker_engine::expire() {
  const worker_options& o = core_->opts;
  if (!o.idle_timeout.given() && !o.max_age.given()) return;
  const std::int64_t now = sys::now();
  std::vector<worker*> old;
  std::vector<worker*> spare;
  {
    const lock hold(core_->lock);
    std::size_t left = in_service();
    for (asked_worker* w : core_->idle) {
      if (now >= moment_after(w->started_at, o.max_age)) {
        old.push_back(static_cast<worker*>(w));
      } else if (left > core_->min_workers && now >= moment_after(w->idle_since, o.idle_timeout)) {
        spare.push_back(static_cast<worker*>(w));
        --left;
      }
    }
    core_->counts.recycled += old.size();
    // From here on nobody borrows them.
    for (worker* w : old) std::erase(core_->idle, w);
    for (worker* w : spare) std::erase(core_->idle, w);
  }
  for (worker* w : old) recycle(*w);
  for (worker* w : spare) recycle(*w);
}

std::int64_t worker_engine::next_look(std::int64_t now) {
  const worker_options& o = core_->opts;
  const lock hold(core_->lock);
  std::int64_t at = INT64_MAX;
  const bool fewer = in_service() < core_->min_workers || core_->counts.queued > 0;
  if (fewer && !core_->leave && workers_.size() < core_->max_workers && start_after_ > now) {
    at = start_after_;
  }
  const bool shrinks = in_service() > core_->min_workers;
  if (!o.max_age.given() && !(o.idle_timeout.given() && shrinks)) return at;
  for (const auto& [w, owned] : workers_) {
    if (w->state == worker_state::stopping) continue;
    const bool idle = w->state == worker_state::idle;
    // One that is lent comes back without a word to this thread.
    if (shrinks) at = std::min(at, moment_after(idle ? w->idle_since : now, o.idle_timeout));
    const std::int64_t too_old = moment_after(w->started_at, o.max_age);
    if (idle || too_old > now) at = std::min(at, too_old);
  }
  return at;
}

}  // namespace brood::detail
