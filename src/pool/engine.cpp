// Starting, carrying on and ending the jobs of a pool.
// SPDX-License-Identifier: Apache-2.0
#include "pool/engine.hpp"

#include "base/make_error.hpp"
#include "base/retry.hpp"
#include "executor/executor.hpp"
#include "spawn/launch.hpp"
#include "sys/time.hpp"

namespace brood {

job::shared::~shared() = default;

}  // namespace brood

namespace brood::detail {

namespace {

completed_process never_ran(const job::shared& j, reason why) {
  completed_process r;
  r.args = j.cmd->args();
  r.reason = why;
  return r;
}

/// What becomes of a job that a stop finds before it ran, or between two attempts.
scheduler::outcome not_run(const job::shared& j, reason why) {
  if (why != reason::timed_out) return never_ran(j, why);
  return unexpected(error(error_kind::timed_out, error_stage::timeout, j.cmd->to_string(), {},
                          "the pool's time was over")
                        .with(never_ran(j, why)));
}

}  // namespace

void pool_task::on_start(process_task& t) {
  const std::lock_guard hold(job_.lock);
  job_.pid = t.of().pid();
}

void pool_task::on_exit(process_task& t) {
  const std::exception_ptr thrown = t.thrown();
  scheduler::outcome how = thrown ? scheduler::outcome(completed_process{}) : t.take_result();
  engine_.ended(job_, std::move(how), thrown);
}

engine::engine(std::shared_ptr<pool_core> core, pool_options opts)
    : core_(std::move(core)),
      loop_(*core_->loop),
      opts_(std::move(opts)),
      deadline_(deadline::after(sys::now(), opts_.timeout)) {}

engine::requests engine::take_requests() {
  const std::lock_guard hold(core_->lock);
  requests r{std::exchange(core_->cancels, {}), core_->leave};
  if (const std::uint64_t most = std::exchange(core_->cancel_up_to, 0); most > 0) {
    for (const auto& [id, j] : core_->jobs) {
      if (id <= most) r.cancels.push_back(j);
    }
  }
  return r;
}

deadline engine::next_moment() {
  const std::lock_guard hold(core_->lock);
  return earlier(deadline_, core_->schedule.next_moment());
}

void engine::run() {
  if (opts_.inherits_once) resources_.guardians.look_once();
  if (opts_.prestart_guardian) resources_.guardians.prestart(portable_backend());
  for (;;) {
    const requests r = take_requests();
    for (const job_ptr& j : r.cancels) cancel(j);
    holds_ = false;
    expire();
    start_what_may();
    {
      const std::lock_guard hold(core_->lock);
      if (r.leave && core_->jobs.empty()) return;
    }
    loop_.turn(next_moment());
  }
}

void engine::expire() {
  const std::int64_t now = sys::now();
  if (deadline_.passed(now)) {
    deadline_ = deadline::never();
    {
      const std::lock_guard hold(core_->lock);
      core_->shut = true;
      core_->room.notify_all();
    }
    stop_all(reason::timed_out);
  }
  const std::lock_guard hold(core_->lock);
  core_->schedule.wake(now);
}

token_source::load engine::load() const {
  return {.running = core_->schedule.count().running,
          .workers = core_->schedule.slots(),
          .wanting = wanting_};
}

job_ptr engine::next_job() {
  const std::lock_guard hold(core_->lock);
  wanting_ = false;
  if (holds_ || !core_->schedule.has_next()) return nullptr;
  if (core_->tokens && !core_->tokens->may_start(load())) {
    wanting_ = true;
    return nullptr;
  }
  auto& j = static_cast<job::shared&>(*core_->schedule.next());
  if (core_->max_queued > 0) core_->room.notify_all();
  return core_->jobs.at(j.id);
}

void engine::start_what_may() {
  while (const job_ptr j = next_job()) start(*j);
  if (!core_->tokens) return;
  std::unique_lock hold(core_->lock);
  const token_source::load now = load();
  hold.unlock();
  core_->tokens->rebalance(now);
}

void engine::start(job::shared& j) {
  if (auto mistake = find_mistake(j.opts->retry)) {
    return ended(j, unexpected(std::move(*mistake)), nullptr);
  }
  std::shared_ptr<const options> o = j.opts;
  std::unique_ptr<job_token> token;
  if (core_->tokens) {
    options own = *o;
    auto prepared = core_->tokens->prepare(own);
    if (!prepared) return ended(j, unexpected(prepared.error()), nullptr);
    token = std::move(*prepared);
    o = std::make_shared<const options>(std::move(own));
  }
  auto started = executor_in_force().start({j.cmd, std::move(o), j.attempt()}, &resources_);
  if (token) token->started();
  if (!started) return ended(j, unexpected(started.error()), nullptr);
  set_state(j, job_state::running, (*started)->pid());
  j.task = std::make_unique<pool_task>(*this, j, std::move(token));
  j.task->process = std::make_unique<process_task>(loop_, std::move(*started), *j.task);
  j.task->process->start();
}

void engine::ended(job::shared& j, scheduler::outcome how, std::exception_ptr thrown) {
  const std::unique_ptr<pool_task> over = std::move(j.task);
  job_ptr held;
  std::optional<scheduler::outcome> last;
  {
    const std::lock_guard hold(core_->lock);
    held = core_->jobs.at(j.id);
    scheduler& s = core_->schedule;
    // A shortage passes as others end. Unless there are no others.
    if (!how && !how.error().result() && how.error().kind() == error_kind::busy && s.may_starve()) {
      s.starve(j);
    } else if (thrown) {
      (void)s.cancel(j, how);  // no other attempt
      last = s.ended(j, std::move(how), j.cmd->args(), sys::now());
    } else {
      last = s.ended(j, std::move(how), j.cmd->args(), sys::now());
    }
    if (!last) {
      const bool waits = j.at() == scheduled::state::waiting;
      set_state(j, waits ? job_state::waiting : job_state::queued, -1);
    }
  }
  if (!last) return;
  if (over) over->process.reset();  // its guardian is free for the next
  if (over) over->token.reset();
  finish(held, std::move(*last), thrown);
  const bool bad = thrown || !*held->outcome || !(*held->outcome)->accepted;
  if (bad && opts_.fail_fast) holds_ = true;
  const bool within = !untold_.empty();
  untold_.push_back(held);
  if (within) return;  // it was started, and ended, by what follows
  start_what_may();    // it runs while the end of this one is told
  while (!untold_.empty()) {
    tell(untold_.front());
    untold_.pop_front();
  }
}

void engine::cancel(const job_ptr& j) {
  scheduler::outcome how = not_run(*j, reason::cancelled);
  {
    const std::lock_guard hold(core_->lock);
    if (j->at() == scheduled::state::over) return;
    if (!core_->schedule.cancel(*j, how)) {
      if (j->task) j->task->process->stop(reason::cancelled);
      return;
    }
  }
  finish(j, std::move(how));
  tell(j);
}

void engine::stop_all(reason why) {
  std::vector<job_ptr> all;
  {
    const std::lock_guard hold(core_->lock);
    for (const auto& [id, j] : core_->jobs) all.push_back(j);
  }
  for (const job_ptr& j : all) {
    scheduler::outcome how = not_run(*j, why);
    {
      const std::lock_guard hold(core_->lock);
      if (!core_->schedule.cancel(*j, how)) {
        if (j->task) j->task->process->stop(why);
        continue;
      }
    }
    finish(j, std::move(how));
    tell(j);
  }
}

void engine::set_state(job::shared& j, job_state s, int pid) {
  const std::lock_guard hold(j.lock);
  j.state = s;
  j.pid = pid;
}

void engine::finish(const job_ptr& j, scheduler::outcome outcome, std::exception_ptr thrown) {
  const bool bad = thrown || !outcome || !outcome->accepted;
  j->opts.reset();
  {
    const std::lock_guard hold(core_->lock);
    ++core_->done;
    core_->failed += bad;
  }
  {
    const std::lock_guard hold(j->lock);
    j->outcome.emplace(std::move(outcome));
    j->thrown = std::move(thrown);
    j->state = job_state::done;
    j->pid = -1;
  }
}

void engine::tell(const job_ptr& j) {
  j->changed.notify_all();
  const bool bad = j->thrown || !*j->outcome || !(*j->outcome)->accepted;
  const job handle = job_access::wrap(j);
  if (j->on_done) std::exchange(j->on_done, {})(handle);
  const std::lock_guard hold(core_->lock);
  if (j->listed) {
    core_->finished.push_back(handle);
    core_->listed.notify_one();
  }
  core_->jobs.erase(j->id);
  if (core_->jobs.empty()) {
    core_->idle.notify_all();
    core_->listed.notify_all();
  }
  if (bad && opts_.fail_fast) {  // those that were submitted by now; later ones run
    core_->cancel_up_to = core_->last_id;
    core_->wake();
  }
}

}  // namespace brood::detail
