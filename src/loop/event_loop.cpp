// Carrying many tasks on.
// SPDX-License-Identifier: Apache-2.0
#include "loop/event_loop.hpp"

#include <algorithm>
#include <cerrno>

#include "base/make_error.hpp"
#include "sys/time.hpp"

namespace brood::detail {

namespace {

constexpr std::int64_t look_again = 5'000'000;  // ns, at what cannot be watched
constexpr std::uint64_t wake_id = 0;

// A token is the task's id and, below it, a number that the task counts up: so an event finds the
// descriptor it is of, and one of a descriptor that is not watched any more finds nothing.
constexpr unsigned token_bits = 16;
constexpr std::uint64_t token_mask = (1U << token_bits) - 1;

sys::readiness both(sys::readiness a, sys::readiness b) noexcept {
  return {.in = a.in || b.in, .out = a.out || b.out};
}

}  // namespace

expected<std::unique_ptr<event_loop>, error> event_loop::make(bool portable) {
  auto poller = make_poller(portable);
  if (!poller) return unexpected(poller.error());
  std::unique_ptr<event_loop> l(new event_loop);
  l->poller_ = std::move(*poller);
  int r = sys::make_event(l->wake_);
  if (r >= 0) r = l->poller_->add(l->wake_.get(), {.in = true}, wake_id << token_bits);
  if (r < 0) return unexpected(os_error(error_stage::wait, "loop", -r));
  return l;
}

void event_loop::drop(loop_task& task, std::size_t i) noexcept {
  loop_task::watched& w = task.watched_[i];
  poller_->remove(w.copy ? w.copy.get() : w.number);
  if (i + 1 < task.watched_.size()) std::swap(w, task.watched_.back());
  task.watched_.pop_back();
}

// Stands in several items where one descriptor is read and written: all of them are wanted of it.
bool event_loop::watch_one(loop_task& task, int number) {
  sys::readiness wanted;
  for (const sys::wait_item& i : task.items_) {
    if (i.number == number) wanted = both(wanted, i.wanted);
  }
  for (loop_task::watched& w : task.watched_) {
    if (w.number != number) continue;
    if (w.wanted == wanted) return true;
    w.wanted = wanted;
    return poller_->change(w.copy ? w.copy.get() : number, wanted, w.token) >= 0;
  }
  const std::uint64_t token = task.id_ << token_bits | (++task.last_token_ & token_mask);
  sys::fd copy;
  int r = poller_->add(number, wanted, token);
  if (r == -EEXIST) {
    copy.reset(sys::dup_above(number, 3));
    r = copy ? poller_->add(copy.get(), wanted, token) : copy.get();
  }
  if (r < 0) return false;
  task.watched_.push_back({number, wanted, std::move(copy), token});
  return true;
}

void event_loop::set_moment(loop_task& task, deadline at) {
  if (task.at_ == at) return;
  if (!task.at_.is_never()) moments_.erase({task.at_, task.id_});
  task.at_ = at;
  if (!at.is_never()) moments_.insert({at, task.id_});
}

void event_loop::watch(loop_task& task, std::span<const sys::wait_item> items, deadline at) {
  if (task.id_ == 0) {
    task.id_ = ++last_id_;
    tasks_.emplace(task.id_, &task);
  }
  task.items_.assign(items.begin(), items.end());
  for (sys::wait_item& i : task.items_) i.ready = {};
  for (std::size_t i = task.watched_.size(); i > 0; --i) {
    const int number = task.watched_[i - 1].number;
    const bool still = std::any_of(items.begin(), items.end(), [&](const sys::wait_item& w) {
      return w.active() && w.number == number;
    });
    if (!still) drop(task, i - 1);
  }
  task.blind_ = false;
  for (const sys::wait_item& i : items) {
    if (i.active() && !watch_one(task, i.number)) task.blind_ = true;
  }
  set_moment(task, task.blind_ ? earlier(at, deadline::after(sys::now(), look_again)) : at);
}

void event_loop::closing(loop_task& task, int number) noexcept {
  for (std::size_t i = 0; i < task.watched_.size(); ++i) {
    if (task.watched_[i].number == number) return drop(task, i);
  }
}

void event_loop::forget(loop_task& task) {
  if (task.id_ == 0) return;
  while (!task.watched_.empty()) drop(task, task.watched_.size() - 1);
  set_moment(task, deadline::never());
  tasks_.erase(task.id_);
  task.items_.clear();
  task.id_ = 0;
}

// What was ready in an earlier turn is not any more.
loop_task* event_loop::due(std::uint64_t id) {
  due_.push_back(id);
  const auto at = tasks_.find(id);
  if (at == tasks_.end()) return nullptr;
  loop_task& task = *at->second;
  if (task.turn_ != turn_) {
    for (sys::wait_item& i : task.items_) i.ready = {};
  }
  task.turn_ = turn_;
  return &task;
}

void event_loop::note(const poller::event& e) {
  loop_task* const task = due(e.token >> token_bits);
  if (!task) return;
  const auto w = std::find_if(task->watched_.begin(), task->watched_.end(),
                              [&](const loop_task::watched& one) { return one.token == e.token; });
  if (w == task->watched_.end()) return;
  for (sys::wait_item& i : task->items_) {
    if (i.number != w->number) continue;
    i.ready = {.in = i.wanted.in && e.ready.in, .out = i.wanted.out && e.ready.out};
    i.broken = e.broken;
  }
}

void event_loop::collect(deadline until) {
  ++turn_;
  due_.clear();
  events_.clear();
  if (!moments_.empty()) until = earlier(until, moments_.begin()->first);
  // An error (no memory) is a turn in which nothing came: asked again.
  (void)poller_->wait(events_, until);
  for (const poller::event& e : events_) note(e);
  const std::int64_t now = sys::now();
  for (auto at = moments_.begin(); at != moments_.end() && at->first.passed(now); ++at) {
    loop_task* const task = due(at->second);
    if (task && task->blind_) (void)sys::poll_until(task->items_, deadline::at(now));
  }
  std::sort(due_.begin(), due_.end());
  due_.erase(std::unique(due_.begin(), due_.end()), due_.end());
}

bool event_loop::turn(deadline until) {
  collect(until);
  const std::vector<std::uint64_t> due = std::exchange(due_, {});
  for (const std::uint64_t id : due) {
    if (id == wake_id) {
      sys::clear_event(wake_.get());
      continue;
    }
    const auto at = tasks_.find(id);
    if (at == tasks_.end()) continue;  // forgotten by one before it
    loop_task& task = *at->second;
    set_moment(task, deadline::never());
    task.proceed();
  }
  return !due.empty();
}

int event_loop::handle() const noexcept {
  const int all = poller_->handle();
  return all >= 0 ? all : wake_.get();
}

deadline event_loop::next_moment() const noexcept {
  const deadline at = moments_.empty() ? deadline::never() : moments_.begin()->first;
  const bool blind = poller_->handle() < 0 && !tasks_.empty();
  return blind ? earlier(at, deadline::after(sys::now(), look_again)) : at;
}

void event_loop::wake() noexcept { sys::raise_event(wake_.get()); }

}  // namespace brood::detail
