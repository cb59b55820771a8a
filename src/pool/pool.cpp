// The face of a pool: submitting, waiting, wishing.
// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <algorithm>
#include <cmath>

#include <brood/pool.hpp>

#include "base/make_error.hpp"
#include "pool/engine.hpp"
#include "schedule/waiting.hpp"
#include "spawn/launch.hpp"
#include "sys/cgroup.hpp"
#include "sys/cpus.hpp"
#include "sys/time.hpp"

namespace brood {

using detail::bad_request;
using detail::job_ptr;
using detail::refuse_to_wait_for_oneself;
using detail::wait_on;

namespace {

using lock_type = std::unique_lock<std::mutex>;

}  // namespace

std::optional<std::uint64_t> available_memory() { return detail::sys::available_memory(); }

expected<int, error> worker_count::resolve() const {
  const double cpus = detail::sys::usable_cpus();
  const double n = kind_ == kind::number ? value_
                   : kind_ == kind::cpus ? cpus
                                         : std::max(1.0, std::floor(cpus * value_ / 100));
  if (!(value_ > 0) && kind_ != kind::cpus) {
    return unexpected(bad_request("max_workers", "must be more than 0"));
  }
  if (n > 1'000'000) return unexpected(bad_request("max_workers", "must be at most 1000000"));
  return static_cast<int>(n);
}

// --- a job ---

std::uint64_t job::id() const noexcept { return state_ ? state_->id : 0; }

const std::vector<std::string>& job::args() const noexcept {
  static const std::vector<std::string> none;
  return state_ ? state_->cmd->args() : none;
}

job_state job::state() const {
  if (!state_) return job_state::done;
  const std::lock_guard hold(state_->lock);
  return state_->state;
}

int job::pid() const {
  if (!state_) return -1;
  const std::lock_guard hold(state_->lock);
  return state_->pid;
}

bool job::wait_for(duration timeout) const {
  if (!state_) return true;
  if (const auto core = state_->core.lock(); core && !done()) refuse_to_wait_for_oneself(*core);
  lock_type hold(state_->lock);
  return wait_on(state_->changed, hold, timeout, [&] { return state_->state == job_state::done; });
}

expected<completed_process, error> job::try_result() const {
  if (!state_) return unexpected(bad_request("job", "there is none"));
  (void)wait_for({});
  const std::lock_guard hold(state_->lock);
  if (state_->thrown) std::rethrow_exception(state_->thrown);
  return *state_->outcome;
}

completed_process job::result() const { return try_result().value(); }

void job::cancel() const {
  if (!state_) return;
  const auto core = state_->core.lock();
  if (!core) return;
  const std::lock_guard hold(core->lock);
  core->cancels.push_back(state_);
  core->wake();
}

// --- a pool ---

struct pool::impl {
  explicit impl(int workers)
      : core(std::make_shared<detail::pool_core>(static_cast<std::size_t>(workers))) {}

  std::shared_ptr<detail::pool_core> core;
  std::thread thread;
  int owner = ::getpid();
  std::optional<error> jobserver_problem;

  std::optional<jobserver_client> find_jobserver() {
    auto client = jobserver_client::find();
    if (client) return *client;
    if (client.error().kind() == error_kind::busy) client.error().raise();
    if (client.error().kind() == error_kind::broken) core->schedule.resize(1);
    jobserver_problem = client.error();
    return {};
  }

  void open(jobserver_role role) {
    // Before we open anything: what the numbers in MAKEFLAGS name is not to be ours.
    std::optional<jobserver_client> client;
    if (role == jobserver_role::join) client = find_jobserver();
    core->loop = detail::event_loop::make(detail::portable_backend()).value();
    if (client) {
      core->tokens =
          std::make_unique<detail::jobserver_token_client>(*core->loop, std::move(*client));
    } else if (role == jobserver_role::serve_pipe || role == jobserver_role::serve_fifo) {
      const bool by_path = role == jobserver_role::serve_fifo;
      core->tokens = std::make_unique<detail::jobserver_server>(*core->loop, by_path);
    }
  }

  void start(pool_options opts) {
    const std::shared_ptr<detail::pool_core> c = core;
    const std::lock_guard hold(c->lock);
    thread = detail::start_thread([c, opts] {
      { const std::lock_guard wait_for_id(c->lock); }
      detail::engine(c, opts).run();
    });
    c->own_thread = thread.get_id();
  }

  std::optional<job> submit(command cmd, options opts, callback<void(const job&)> on_done,
                            bool wait, bool listed) {
    lock_type hold(core->lock);
    // A callback that submits must not wait for itself.
    if (core->full() && !wait && !core->on_own_thread()) return {};
    if (!core->on_own_thread()) core->room.wait(hold, [&] { return !core->full(); });
    if (core->shut) bad_request("pool", "it was shut down").raise();
    auto j = std::make_shared<job::shared>(std::move(cmd), std::move(opts), detail::sys::now(),
                                           core->last_id + 1);
    j->listed = listed && !on_done;
    j->on_done = std::move(on_done);
    j->core = core;
    core->jobs.emplace(j->id, j);
    core->last_id = j->id;
    const bool first = core->schedule.count().queued == 0;
    core->schedule.add(*j);
    // Where others wait, its thread looks at the queue as soon as there is room.
    if (first) core->wake();
    return job_access::wrap(std::move(j));
  }

  void request_cancel_all() {
    const std::lock_guard hold(core->lock);
    core->cancel_up_to = core->last_id;
    core->wake();
  }
};

pool::pool(pool_options opts) : impl_(std::make_unique<impl>(opts.max_workers.resolve().value())) {
  detail::pool_core& c = *impl_->core;
  if (opts.timeout.given() && !(opts.timeout.nanoseconds() > 0)) {
    bad_request("timeout", "must be more than 0").raise();
  }
  c.max_queued = opts.max_queued;
  impl_->open(opts.jobserver);
  impl_->start(std::move(opts));
}

pool::~pool() {
  if (impl_->owner !=
      ::getpid()) {  // a forked copy: its thread is not here, and may have held locks
    (void)impl_.release();
    return;
  }
  {
    const std::lock_guard hold(impl_->core->lock);
    impl_->core->shut = true;
    impl_->core->leave = true;
    impl_->core->cancel_up_to = impl_->core->last_id;
    impl_->core->wake();
  }
  impl_->thread.join();
  // Handles of jobs may live on; what they could wish for is over.
  const std::lock_guard hold(impl_->core->lock);
  impl_->core->tokens.reset();
  impl_->core->loop.reset();
}

job pool::submit(command cmd, options opts, callback<void(const job&)> on_done) {
  return *impl_->submit(std::move(cmd), std::move(opts), std::move(on_done), true, true);
}

std::optional<job> pool::try_submit(command cmd, options opts, callback<void(const job&)> on_done) {
  return impl_->submit(std::move(cmd), std::move(opts), std::move(on_done), false, true);
}

std::vector<expected<completed_process, error>> pool::try_map(std::vector<command> commands,
                                                              const options& opts) {
  refuse_to_wait_for_oneself(*impl_->core);
  std::vector<job> jobs;
  try {
    for (command& c : commands) {
      jobs.push_back(*impl_->submit(std::move(c), opts, {}, true, false));
    }
  } catch (...) {  // the caller has no handles to cancel them by
    for (const job& j : jobs) j.cancel();
    throw;
  }
  std::vector<expected<completed_process, error>> results;
  for (const job& j : jobs) results.push_back(j.try_result());
  return results;
}

std::vector<completed_process> pool::map(std::vector<command> commands, const options& opts) {
  std::vector<completed_process> results;
  for (auto& r : try_map(std::move(commands), opts)) results.push_back(std::move(r).value());
  return results;
}

pool::completed pool::as_completed() { return completed(*impl_); }

void pool::completed::next() {
  refuse_to_wait_for_oneself(*pool_->core);
  lock_type hold(pool_->core->lock);
  pool_->core->listed.wait(
      hold, [&] { return !pool_->core->finished.empty() || pool_->core->jobs.empty(); });
  current_ = {};
  if (pool_->core->finished.empty()) return;
  current_ = std::move(pool_->core->finished.front());
  pool_->core->finished.pop_front();
}

void pool::pause() {
  const std::lock_guard hold(impl_->core->lock);
  impl_->core->schedule.pause(true);
}

void pool::resume() {
  const std::lock_guard hold(impl_->core->lock);
  impl_->core->schedule.pause(false);
  impl_->core->wake();
}

void pool::resize(worker_count n) {
  const int workers = n.resolve().value();
  const std::lock_guard hold(impl_->core->lock);
  impl_->core->schedule.resize(static_cast<std::size_t>(workers));
  impl_->core->wake();
}

void pool::cancel_all() { impl_->request_cancel_all(); }

void pool::wait() { (void)wait_for({}); }

bool pool::wait_for(duration timeout) {
  refuse_to_wait_for_oneself(*impl_->core);
  lock_type hold(impl_->core->lock);
  return wait_on(impl_->core->idle, hold, timeout, [&] { return impl_->core->jobs.empty(); });
}

void pool::shutdown() {
  {
    const std::lock_guard hold(impl_->core->lock);
    impl_->core->shut = true;
    impl_->core->room.notify_all();
  }
  wait();
}

pool::counts pool::count() const {
  const std::lock_guard hold(impl_->core->lock);
  const detail::scheduler::counts& c = impl_->core->schedule.count();
  return {c.queued, c.running, c.waiting, impl_->core->done, impl_->core->failed};
}

std::optional<error> pool::jobserver_problem() const { return impl_->jobserver_problem; }

int pool::max_workers() const {
  const std::lock_guard hold(impl_->core->lock);
  return static_cast<int>(impl_->core->schedule.slots());
}

}  // namespace brood
