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

}  // namespace

expected<std::unique_ptr<event_loop>, error> event_loop::make(bool portable) {
  auto poller = make_poller(portable);
  if (!poller) return unexpected(poller.error());
  std::unique_ptr<event_loop> l(new event_loop);
  l->poller_ = std::move(*poller);
  int r = sys::make_event(l->wake_);
  if (r >= 0) r = l->poller_->add(l->wake_.get(), POLLIN, wake_id);
  if (r < 0) return unexpected(os_error(error_stage::wait, "loop", -r));
  return l;
}

void event_loop::drop(loop_task& task, std::size_t i) {
  loop_task::watched& w = task.watched_[i];
  poller_->remove(w.copy ? w.copy.get() : w.number);
  if (i + 1 < task.watched_.size()) std::swap(w, task.watched_.back());
  task.watched_.pop_back();
}

bool event_loop::watch_one(loop_task& task, const pollfd& wanted) {
  for (loop_task::watched& w : task.watched_) {
    if (w.number != wanted.fd) continue;
    if (w.events == wanted.events) return true;
    w.events = wanted.events;
    return poller_->change(w.copy ? w.copy.get() : w.number, w.events, task.id_) >= 0;
  }
  sys::fd copy;
  int r = poller_->add(wanted.fd, wanted.events, task.id_);
  if (r == -EEXIST) {
    copy.reset(sys::dup_above(wanted.fd, 3));
    r = copy ? poller_->add(copy.get(), wanted.events, task.id_) : copy.get();
  }
  if (r < 0) return false;
  task.watched_.push_back({wanted.fd, wanted.events, std::move(copy)});
  return true;
}

void event_loop::set_moment(loop_task& task, std::int64_t at) {
  if (task.at_ == at) return;
  if (task.at_ != INT64_MAX) moments_.erase({task.at_, task.id_});
  task.at_ = at;
  if (at != INT64_MAX) moments_.insert({at, task.id_});
}

void event_loop::watch(loop_task& task, std::span<const pollfd> wanted, std::int64_t at) {
  if (task.id_ == 0) {
    task.id_ = ++last_id_;
    tasks_.emplace(task.id_, &task);
  }
  for (std::size_t i = task.watched_.size(); i > 0; --i) {
    const int number = task.watched_[i - 1].number;
    const bool still =
        std::any_of(wanted.begin(), wanted.end(), [&](const pollfd& p) { return p.fd == number; });
    if (!still) drop(task, i - 1);
  }
  bool all = true;
  for (const pollfd& p : wanted) all &= p.fd < 0 || watch_one(task, p);
  set_moment(task, all ? at : std::min(at, sys::now() + look_again));
}

void event_loop::forget(loop_task& task) {
  if (task.id_ == 0) return;
  while (!task.watched_.empty()) drop(task, task.watched_.size() - 1);
  set_moment(task, INT64_MAX);
  tasks_.erase(task.id_);
  task.id_ = 0;
}

void event_loop::collect(std::int64_t until) {
  due_.clear();
  if (!moments_.empty()) until = std::min(until, moments_.begin()->first);
  // An error (no memory) is a turn in which nothing came: asked again.
  (void)poller_->wait(due_, until);
  const std::int64_t now = sys::now();
  for (auto at = moments_.begin(); at != moments_.end() && at->first <= now; ++at) {
    due_.push_back(at->second);
  }
  std::sort(due_.begin(), due_.end());
  due_.erase(std::unique(due_.begin(), due_.end()), due_.end());
}

bool event_loop::turn(std::int64_t until) {
  collect(until);
  const std::vector<std::uint64_t> due = std::exchange(due_, {});
  for (const std::uint64_t id : due) {
    if (id == wake_id) {
      sys::clear_event(wake_.get());
      continue;
    }
    const auto at = tasks_.find(id);
    if (at == tasks_.end()) continue;  // forgotten by one before it
    set_moment(*at->second, INT64_MAX);
    at->second->proceed();
  }
  return !due.empty();
}

int event_loop::handle() const noexcept {
  const int all = poller_->handle();
  return all >= 0 ? all : wake_.get();
}

std::int64_t event_loop::next_moment() const noexcept {
  const std::int64_t at = moments_.empty() ? INT64_MAX : moments_.begin()->first;
  const bool blind = poller_->handle() < 0 && !tasks_.empty();
  return blind ? std::min(at, sys::now() + look_again) : at;
}

void event_loop::wake() noexcept { sys::raise_event(wake_.get()); }

}  // namespace brood::detail
