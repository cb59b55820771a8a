// Starting, carrying on and ending the jobs of a pool.
// SPDX-License-Identifier: Apache-2.0
#include "pool/engine.hpp"

#include <algorithm>

#include "base/make_error.hpp"
#include "process/access.hpp"
#include "run/spawn_in.hpp"
#include "spawn/launch.hpp"
#include "sys/time.hpp"

namespace brood::detail {

namespace {

std::int64_t deadline_of(duration d) {
  const std::int64_t now = sys::now();
  return !d.given() || d.nanoseconds() > INT64_MAX - now ? INT64_MAX : now + d.nanoseconds();
}

completed_process never_ran(const job_ptr& j, reason why) {
  completed_process r;
  r.args = j->cmd.args();
  r.reason = why;
  return r;
}

}  // namespace

engine::active::active(engine& e, job_ptr j)
    : engine_(e),
      job(std::move(j)),
      policy(std::exchange(job->opts->retry, {})),
      schedule(policy, sys::now(), job->id * 0x9E3779B97F4A7C15U) {}

engine::active::~active() { engine_.loop_.forget(*this); }

void engine::active::landed(flight& f) {
  const std::unique_ptr<flight> over = std::move(air);
  auto why = settle_start(f.of());
  if (why && !f.stopping()) return engine_.failed_to_start(*this, std::move(*why));
  if (why) return engine_.ended(*this, unexpected(std::move(*why)), f.thrown());
  engine_.ended(*this,
                f.thrown() ? expected<completed_process, error>(completed_process{}) : f.result(),
                f.thrown());
}

engine::engine(std::shared_ptr<pool_core> core, pool_options opts)
    : core_(std::move(core)),
      loop_(*core_->loop),
      opts_(std::move(opts)),
      deadline_(deadline_of(opts_.timeout)) {}

engine::requests engine::take_requests() {
  const std::lock_guard hold(core_->lock);
  return {std::exchange(core_->cancels, {}), std::exchange(core_->cancel_all, false)};
}

bool engine::may_leave() const {
  const std::lock_guard hold(core_->lock);
  return core_->leave && core_->unfinished == 0;
}

void engine::run() {
  if (opts_.prestart_guardian) add_guardian(resources_.guardians, portable_backend());
  for (;;) {
    handle(take_requests());
    if (may_leave()) return;  // after that: what only waited is gone at once, and wakes nobody
    if (sys::now() >= deadline_) {
      deadline_ = INT64_MAX;
      {
        const std::lock_guard hold(core_->lock);
        core_->shut = true;
        core_->room.notify_all();
      }
      stop_all(reason::timed_out);
    }
    gone_.clear();  // their guardians are free for the next
    start_what_may();
    gone_.clear();
    loop_.turn(deadline::at(deadline_));
    gone_.clear();
  }
}

void engine::handle(const requests& w) {
  if (w.cancel_all) stop_all(reason::cancelled);
  for (const job_ptr& j : w.cancels) cancel(j);
}

bool engine::may_start() const {
  return !starved_ && !core_->paused && running_ < static_cast<std::size_t>(core_->workers);
}

token_source::load engine::load() const {
  return {.running = running_,
          .workers = static_cast<std::size_t>(core_->workers),
          .wanting = slotless_};
}

job_ptr engine::next_queued() {
  const std::lock_guard hold(core_->lock);
  slotless_ = false;
  while (may_start() && !core_->queue.empty()) {
    job_ptr j = core_->queue.front();
    const bool over = j->finished();  // cancelled while it was queued
    if (!over && core_->slots && !core_->slots->may_start(load())) {
      slotless_ = true;
      return nullptr;
    }
    core_->queue.pop_front();
    if (over) continue;
    --core_->counts.queued;
    ++core_->counts.running;
    if (core_->max_queued > 0) core_->room.notify_all();
    return j;
  }
  return nullptr;
}

void engine::start_what_may() {
  while (job_ptr j = next_queued()) {
    let_go();
    begin(std::move(j));
  }
  if (!core_->slots) return;
  std::unique_lock hold(core_->lock);
  const token_source::load now = load();
  hold.unlock();
  core_->slots->rebalance(now);
}

void engine::begin(job_ptr j) {
  job::shared* const key = j.get();
  const auto held = active_.find(key);  // one that the system refused to start before
  active& a =
      held != active_.end()
          ? *held->second
          : *active_.emplace(key, std::make_unique<active>(*this, std::move(j))).first->second;
  ++running_;
  attempt(a);
}

void engine::attempt(active& a) {
  if (auto mistake = find_mistake(a.policy)) return failed_to_start(a, std::move(*mistake));
  options o = *a.job->opts;
  if (a.policy.attempts > 1) number_attempt(o.env, a.schedule.attempt());
  if (core_->slots) {
    auto part = core_->slots->prepare(o);
    if (!part) return failed_to_start(a, part.error());
    a.part = std::move(*part);
  }
  auto started = try_spawn_in(&resources_, a.job->cmd, std::move(o));
  if (a.part) a.part->started();
  if (!started) return failed_to_start(a, started.error());
  a.ground = std::move(*started);
  const int event = start_event(*a.ground);
  if (event < 0) return on_started(a);
  const auto answer = sys::wait_item::to_read(event);
  loop_.watch(a, {&answer, 1}, deadline::never());
}

/// What was told to start has a pid, or has not started; waits until that is known.
void engine::on_started(active& a) {
  loop_.forget(a);
  auto why = start_event(*a.ground) < 0 ? std::nullopt : settle_start(*a.ground);
  std::optional<process> p;
  if (!why) p = std::move(a.ground);
  a.ground.reset();  // with its descriptors, if there are to be none
  if (why) return failed_to_start(a, std::move(*why));
  set_state(a.job, job_state::running, p->pid());
  starting_.push_back(a.job);
  a.air = std::make_unique<flight>(loop_, std::move(*p), a);
  a.air->start();
}

/// Of commands that are known to have started, what they were started by is not needed any more.
void engine::let_go() {
  for (; !starting_.empty(); starting_.pop_front()) {
    const auto at = active_.find(starting_.front().get());
    if (at == active_.end() || !at->second->air) continue;
    active& a = *at->second;
    if (!has_started(a.air->of())) return;  // the one after it will hardly have
    if (a.schedule.attempt() >= a.policy.attempts) a.job->opts.reset();
  }
}

void engine::proceed(active& a) { a.ground ? on_started(a) : again(a); }

// A shortage passes as others end: the job goes back to where it was. Unless there are no others.
void engine::failed_to_start(active& a, error why) {
  a.part.reset();
  if (why.kind() != error_kind::busy || running_ <= 1) return ended(a, unexpected(why), nullptr);
  starved_ = true;
  --running_;
  set_state(a.job, job_state::queued, -1);
  const std::lock_guard hold(core_->lock);
  core_->queue.push_front(a.job);
  ++core_->counts.queued;
  --core_->counts.running;
}

void engine::ended(active& a, expected<completed_process, error> outcome,
                   std::exception_ptr thrown) {
  --running_;
  starved_ = false;
  a.part.reset();
  const bool worth =
      !thrown && !a.cancelled &&
      (outcome ? should_retry(a.policy, *outcome) : should_retry(a.policy, outcome.error()));
  const std::optional<std::int64_t> at =
      worth && a.job->opts ? a.schedule.next(sys::now()) : std::optional<std::int64_t>();
  if (at) {
    a.before.push_back(as_attempt(std::move(outcome), a.job->cmd.args()));
    loop_.watch(a, {}, deadline::at(*at));
    {
      const std::lock_guard hold(core_->lock);  // who sees the state finds it counted
      --core_->counts.running;
      ++core_->counts.waiting;
    }
    set_state(a.job, job_state::waiting, -1);
    return;
  }
  {
    const std::lock_guard hold(core_->lock);
    --core_->counts.running;
  }
  finish(a.job, with_attempts(std::move(outcome), std::move(a.before)), thrown);
}

// The time for another attempt has come: it queues in front, as it was first once.
void engine::again(active& a) {
  set_state(a.job, job_state::queued, -1);
  const std::lock_guard hold(core_->lock);
  core_->queue.push_front(a.job);
  --core_->counts.waiting;
  ++core_->counts.queued;
}

void engine::cancel(const job_ptr& j) {
  if (j->finished()) return;
  const auto held = active_.find(j.get());
  if (held != active_.end() && held->second->ground) {
    on_started(*held->second);
    return cancel(j);
  }
  if (held != active_.end() && held->second->air) {
    held->second->cancelled = true;
    return held->second->air->stop(reason::cancelled);
  }
  {
    const std::lock_guard hold(core_->lock);
    --(j->state == job_state::waiting ? core_->counts.waiting : core_->counts.queued);
  }
  finish(j, never_ran(j, reason::cancelled));
}

error engine::timed_out(const job_ptr& j) const {
  return error(error_kind::timed_out, error_stage::timeout, j->cmd.to_string(), {},
               "the pool's time was over")
      .with(never_ran(j, reason::timed_out));
}

void engine::stop_all(reason why) {
  std::vector<job_ptr> all;
  std::vector<active*> starting;
  for (const auto& [key, a] : active_) {
    if (a->ground) starting.push_back(a.get());
  }
  for (active* a : starting) on_started(*a);
  {
    const std::lock_guard hold(core_->lock);
    all.assign(core_->queue.begin(), core_->queue.end());
  }
  for (const auto& [key, a] : active_) {
    if (a->air) {
      a->cancelled = true;
      a->air->stop(why);
    } else {
      all.push_back(a->job);
    }
  }
  for (const job_ptr& j : all) {
    if (j->finished()) continue;
    if (why == reason::cancelled) {
      cancel(j);
      continue;
    }
    {
      const std::lock_guard hold(core_->lock);
      --(j->state == job_state::waiting ? core_->counts.waiting : core_->counts.queued);
    }
    finish(j, unexpected(timed_out(j)));
  }
}

void engine::set_state(const job_ptr& j, job_state s, int pid) {
  const std::lock_guard hold(j->lock);
  j->state = s;
  j->pid = pid;
}

void engine::finish(const job_ptr& held, expected<completed_process, error> outcome,
                    std::exception_ptr thrown) {
  const job_ptr j = held;  // outlives what is erased here
  const bool bad = thrown || !outcome || !outcome->accepted;
  if (const auto a = active_.find(j.get()); a != active_.end()) {
    loop_.forget(*a->second);
    gone_.push_back(std::move(a->second));
    active_.erase(a);
  }
  j->opts.reset();
  const job handle = job_access::wrap(j);
  {
    const std::lock_guard hold(core_->lock);
    ++core_->counts.done;
    core_->counts.failed += bad;
  }
  {
    const std::lock_guard hold(j->lock);
    j->outcome.emplace(std::move(outcome));
    j->thrown = std::move(thrown);
    j->state = job_state::done;
    j->pid = -1;
    j->changed.notify_all();
  }
  if (j->on_done) std::exchange(j->on_done, {})(handle);
  const std::lock_guard hold(core_->lock);
  if (j->listed) {
    core_->finished.push_back(handle);
    core_->listed.notify_one();
  }
  if (--core_->unfinished == 0) {
    core_->idle.notify_all();
    core_->listed.notify_all();
  }
  if (bad && opts_.fail_fast) {
    core_->cancel_all = true;
    core_->wake();
  }
}

}  // namespace brood::detail
