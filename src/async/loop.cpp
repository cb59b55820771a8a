// A loop that the caller runs: posted callbacks, spawned coroutines, and all that they wait for.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "async/loop_impl.hpp"
#include "base/make_error.hpp"
#include "spawn/launch.hpp"
#include "sys/time.hpp"

namespace brood {

namespace sys = detail::sys;

// --- what a coroutine waits for ---

namespace detail {

waiter::waiter(loop::impl& l, std::stop_token stop) : loop_(&l), stop_(std::move(stop)) {
  l.waiters.insert(this);
  const std::lock_guard hold(l.lock);
  l.cancels.reserve(l.waiters.size());
}

waiter::~waiter() {
  on_stop_.reset();  // first: another thread may be in it, and needs the rest
  if (!loop_) return;
  loop_->waiters.erase(this);
  std::erase(loop_->ready, coroutine_);
  const std::lock_guard hold(loop_->lock);
  std::erase(loop_->cancels, this);
}

void waiter::cancel_request::operator()() const noexcept {
  loop::impl& l = *who.loop_;
  const std::lock_guard hold(l.lock);
  l.cancels.push_back(&who);
  l.events->wake();
}

void waiter::resume() { loop_->ready.push_back(coroutine_); }

}  // namespace detail

// --- the loop's state ---

loop::impl::impl() {
  events = std::move(detail::event_loop::make(detail::portable_backend())).value();
}

loop::impl::~impl() {
  ready.clear();
  spawned.clear();  // their commands become orphans
  for (detail::waiter* w : waiters) {
    w->disconnect();
    w->abandon();
  }
  while (!orphans.empty()) events->turn(detail::deadline::never());
}

void loop::impl::adopt(std::unique_ptr<detail::process_task> f) {
  if (!f->of().is_ours()) return;  // in a forked copy of the host: it is the original's
  detail::process_task& held = *f;
  orphans.emplace(&held, std::move(f));
  held.disown(*this);
}

bool loop::impl::call_posted() {
  std::size_t left = 0;
  {
    const std::lock_guard hold(lock);
    left = posted.size();  // what they post in turn is for the next time
  }
  const bool any = left > 0;
  for (; left > 0; --left) {
    callback<void()> f;
    {
      const std::lock_guard hold(lock);
      f = std::move(posted.front());
      posted.pop_front();
    }
    f();
  }
  return any;
}

void loop::impl::handle_cancels() {
  for (;;) {
    detail::waiter* w = nullptr;
    {
      const std::lock_guard hold(lock);
      if (cancels.empty()) return;
      w = cancels.back();
      cancels.pop_back();
    }
    w->cancel();
  }
}

bool loop::impl::resume_ready() {
  std::size_t left = ready.size();
  const bool any = left > 0;
  for (; left > 0 && !ready.empty(); --left) {
    const std::coroutine_handle<> c = ready.front();
    ready.pop_front();
    c.resume();
  }
  return any;
}

// Nothing of those that are over is on the stack now.
void loop::impl::sweep() {
  for (const std::uint64_t id : std::exchange(over, {})) spawned.erase(id);
  if (thrown.empty()) return;
  const std::exception_ptr first = std::move(thrown.front());
  thrown.pop_front();
  std::rethrow_exception(first);
}

bool loop::impl::serve() {
  handle_cancels();
  bool any = call_posted();
  any |= resume_ready();
  sweep();
  return any;
}

bool loop::impl::turn(std::int64_t until) {
  bool any = serve();
  if (any || !ready.empty()) until = 0;
  any |= events->turn(detail::deadline::at(until));
  any |= serve();
  return any;
}

bool loop::impl::anything_posted() {
  const std::lock_guard hold(lock);
  return !posted.empty();
}

bool loop::impl::empty() {
  return spawned.empty() && ready.empty() && thrown.empty() && events->size() == 0 &&
         !anything_posted();
}

bool loop::impl::take_stop() {
  const std::lock_guard hold(lock);
  return std::exchange(stop, false);
}

// --- the face ---

loop::loop() : impl_(std::make_unique<impl>()) {}
loop::~loop() = default;

void loop::run() {
  while (!impl_->take_stop()) {
    if (impl_->empty()) {
      (void)impl_->take_stop();  // it was meant for this run
      return;
    }
    impl_->turn(INT64_MAX);
  }
}

void loop::run_forever() {
  while (!impl_->take_stop()) impl_->turn(INT64_MAX);
}

bool loop::run_one() {
  while (!impl_->empty()) {
    if (impl_->turn(INT64_MAX)) return true;
  }
  return false;
}

bool loop::poll() { return impl_->turn(0); }

void loop::stop() noexcept {
  const std::lock_guard hold(impl_->lock);
  impl_->stop = true;
  impl_->events->wake();
}

void loop::post(callback<void()> f) {
  // Woken under the lock: once it is open, `f` may run and be the end of the loop.
  const std::lock_guard hold(impl_->lock);
  impl_->posted.push_back(std::move(f));
  impl_->events->wake();
}

namespace {

task<void> carry(loop::impl& l, std::uint64_t id, task<void> t) {
  try {
    co_await t;
  } catch (...) {
    l.thrown.push_back(std::current_exception());
  }
  t = {};  // what it holds goes before the loop may be called empty
  l.over.push_back(id);
}

}  // namespace

void loop::spawn(task<void> t) {
  if (!t) return;
  const std::uint64_t id = ++impl_->last_id;
  const auto at = impl_->spawned.emplace(id, carry(*impl_, id, std::move(t))).first;
  impl_->ready.push_back(detail::task_access::of(at->second));
}

void loop::finish(std::coroutine_handle<> coroutine) {
  if (!coroutine) detail::bad_request("task", "there is no coroutine").raise();
  if (!coroutine.done()) coroutine.resume();
  while (!coroutine.done()) {
    if (!run_one() && !coroutine.done()) {
      detail::bad_request("task", "it waits for nothing that is in the loop").raise();
    }
  }
}

bool loop::empty() const { return impl_->empty(); }

int loop::native_handle() const noexcept { return impl_->events->handle(); }

duration loop::until_next() const {
  if (!impl_->ready.empty() || !impl_->thrown.empty() || impl_->anything_posted()) {
    return std::chrono::nanoseconds(0);
  }
  const std::int64_t at = impl_->events->next_moment().ns();
  if (at == INT64_MAX) return {};
  return std::chrono::nanoseconds(std::max<std::int64_t>(at - sys::now(), 0));
}

}  // namespace brood
