// The face of a worker pool: asking, waiting, wishing.
// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <brood/worker_pool.hpp>

#include "base/make_error.hpp"
#include "schedule/waiting.hpp"
#include "spawn/launch.hpp"
#include "workers/worker_engine.hpp"

namespace brood {

using detail::asked_worker;
using detail::bad_request;
using detail::fault;
using detail::message_channel;
using detail::refuse_to_wait_for_oneself;
using detail::request_ptr;
using detail::wait_on;
using detail::worker_core;

namespace {

using lock_type = std::unique_lock<std::mutex>;

void check_message(const worker_core& core, const std::string& message, duration timeout) {
  const bool lines = core.opts.framing == worker_framing::lines;
  if (lines && message.find('\n') != message.npos) {
    bad_request("message", "it has a newline, and messages are lines").raise();
  }
  if (!lines && message.size() > UINT32_MAX) {
    bad_request("message", "it has 4 GiB or more").raise();
  }
  if (!timeout.given()) return;
  if (timeout.not_a_number() || timeout.nanoseconds() <= 0) {
    bad_request("timeout", "must be more than 0").raise();
  }
}

}  // namespace

// --- a reply ---

reply_state reply::state() const {
  if (!state_) return reply_state::done;
  const std::lock_guard hold(state_->lock);
  return state_->state;
}

bool reply::wait_for(duration timeout) const {
  if (!state_) return true;
  if (const auto core = state_->core.lock(); core && !done()) refuse_to_wait_for_oneself(*core);
  lock_type hold(state_->lock);
  return wait_on(state_->changed, hold, timeout,
                 [&] { return state_->state == reply_state::done; });
}

expected<std::string, error> reply::try_result() const {
  if (!state_) return unexpected(bad_request("reply", "there is no request"));
  (void)wait_for({});
  const std::lock_guard hold(state_->lock);
  return *state_->outcome;
}

std::string reply::result() const { return try_result().value(); }

void reply::cancel() const {
  if (!state_) return;
  const auto core = state_->core.lock();
  if (!core) return;
  const std::lock_guard hold(core->lock);
  core->cancels.push_back(state_);
  core->wake();
}

// --- a pool ---

struct worker_pool::impl {
  std::shared_ptr<worker_core> core;
  std::thread thread;
  int owner = ::getpid();

  void start() {
    const std::shared_ptr<worker_core> c = core;
    const std::lock_guard hold(c->lock);
    thread = detail::start_thread([c] {
      { const std::lock_guard wait_for_id(c->lock); }
      detail::worker_engine(c).run();
    });
    c->own_thread = thread.get_id();
  }

  request_ptr make_request(std::string message, duration timeout) {
    auto r = std::make_shared<reply::shared>(std::move(message), timeout);
    r->core = core;
    return r;
  }

  std::optional<reply> request(std::string message, duration timeout, bool wait) {
    check_message(*core, message, timeout);
    request_ptr r = make_request(std::move(message), timeout);
    lock_type hold(core->lock);
    const auto full = [&] {
      const std::size_t most = core->opts.max_queued;
      return most > 0 && core->counts.queued >= most && !core->shut;
    };
    // A callback of the pool's thread must not wait for itself.
    if (!core->on_own_thread()) {
      if (full() && !wait) return {};
      core->changed.wait(hold, [&] { return !full(); });
    }
    core->refuse_if_shut();
    core->queue.push_back(r);
    ++core->counts.queued;
    ++core->unfinished;
    core->wake();
    return reply_access::wrap(std::move(r));
  }

  /// It went wrong: the pool's thread has to look after it.
  expected<std::string, error> hand_over(asked_worker& w, std::string message, duration timeout) {
    const request_ptr r = make_request(std::move(message), timeout);
    r->state = reply_state::running;
    w.work = r;
    core->give_back_broken(w);
    return reply_access::wrap(r).try_result();
  }
};

worker_pool::worker_pool(command cmd, worker_options opts) : impl_(std::make_unique<impl>()) {
  if (const auto m = detail::find_mistake(cmd, opts)) m->raise();
  impl_->core = std::make_shared<worker_core>(std::move(cmd), std::move(opts));
  worker_core& c = *impl_->core;
  c.min_workers = static_cast<std::size_t>(c.opts.min_workers);
  c.max_workers = static_cast<std::size_t>(c.opts.max_workers.resolve().value());
  c.loop = detail::event_loop::make(detail::portable_backend()).value();
  impl_->start();
}

worker_pool::~worker_pool() {
  if (impl_->owner !=
      ::getpid()) {  // a forked copy: its thread is not here, and may have held locks
    (void)impl_.release();
    return;
  }
  {
    const std::lock_guard hold(impl_->core->lock);
    impl_->core->shut = true;
    impl_->core->leave = true;
    impl_->core->changed.notify_all();
    impl_->core->wake();
  }
  impl_->thread.join();
  // Handles may live on; what they could wish for is over.
  const std::lock_guard hold(impl_->core->lock);
  impl_->core->loop.reset();
}

bool worker_pool::warm_up(duration timeout) {
  worker_core& c = *impl_->core;
  refuse_to_wait_for_oneself(c);
  lock_type hold(c.lock);
  const auto warm = [&] { return c.counts.idle + c.counts.busy >= c.min_workers; };
  const bool over =
      wait_on(c.changed, hold, timeout, [&] { return warm() || c.start_error.has_value(); });
  if (over && !warm()) c.start_error->raise();
  return over;
}

expected<std::string, error> worker_pool::try_call(std::string message, duration timeout) {
  worker_core& c = *impl_->core;
  check_message(c, message, timeout);
  refuse_to_wait_for_oneself(c);
  while (asked_worker* const w = c.borrow()) {
    message_channel::state s = w->line->between();
    if (s != message_channel::state::waiting) {
      w->found = s == message_channel::state::closed ? fault::closed : fault::unasked;
      c.give_back_broken(*w);
      continue;
    }
    s = w->line->exchange(message, c.deadline_of(timeout), w->gone.get());
    if (s == message_channel::state::answered) {
      std::string answer = w->line->take();
      ++w->answered;
      c.give_back(*w);
      return answer;
    }
    w->found = s == message_channel::state::closed ? fault::closed
               : s == message_channel::state::late ? fault::late
                                                   : fault::too_long;
    return impl_->hand_over(*w, std::move(message), timeout);
  }
  return impl_->request(std::move(message), timeout, true)->try_result();
}

std::string worker_pool::call(std::string message, duration timeout) {
  return try_call(std::move(message), timeout).value();
}

reply worker_pool::request(std::string message, duration timeout) {
  return *impl_->request(std::move(message), timeout, true);
}

std::optional<reply> worker_pool::try_request(std::string message, duration timeout) {
  return impl_->request(std::move(message), timeout, false);
}

void worker_pool::shutdown() {
  worker_core& c = *impl_->core;
  refuse_to_wait_for_oneself(c);
  lock_type hold(c.lock);
  c.shut = true;
  c.changed.notify_all();
  c.changed.wait(hold, [&] { return c.unfinished == 0; });
}

worker_pool::counts worker_pool::count() const {
  const std::lock_guard hold(impl_->core->lock);
  return impl_->core->counts;
}

std::vector<int> worker_pool::pids() const {
  const std::lock_guard hold(impl_->core->lock);
  return impl_->core->pids;
}

}  // namespace brood
