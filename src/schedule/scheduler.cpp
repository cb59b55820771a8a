// Moving jobs between the queue, the slots and the wait for their next attempt.
// SPDX-License-Identifier: Apache-2.0
#include "schedule/scheduler.hpp"

namespace brood::detail {

void scheduler::enqueue(scheduled& s, std::list<scheduled*>::iterator before) {
  s.place_ = queue_.insert(before, &s);
  s.state_ = scheduled::state::queued;
  ++counts_.queued;
}

void scheduler::leave(scheduled& s) {
  switch (s.state_) {
    case scheduled::state::queued:
      queue_.erase(s.place_);
      --counts_.queued;
      break;
    case scheduled::state::running:
      --counts_.running;
      break;
    case scheduled::state::waiting:
      waiting_.erase({s.due_, &s});
      --counts_.waiting;
      break;
    case scheduled::state::over:
      break;
  }
  s.state_ = scheduled::state::over;
}

void scheduler::add(scheduled& s) { enqueue(s, queue_.end()); }

bool scheduler::has_next() const noexcept {
  return !queue_.empty() && !paused_ && !starved_ && counts_.running < slots_;
}

scheduled* scheduler::next() {
  if (!has_next()) return nullptr;
  scheduled& s = *queue_.front();
  leave(s);
  s.state_ = scheduled::state::running;
  ++counts_.running;
  return &s;
}

void scheduler::starve(scheduled& s) {
  leave(s);
  enqueue(s, queue_.begin());
  starved_ = true;
}

std::optional<scheduler::outcome> scheduler::ended(scheduled& s, outcome how,
                                                   const std::vector<std::string>& args,
                                                   std::int64_t now) {
  leave(s);
  starved_ = false;
  const auto next = s.tries_.ended(how, args, now);
  if (!next) {
    s.tries_.finish(how);
    return how;
  }
  s.due_ = *next;
  s.state_ = scheduled::state::waiting;
  waiting_.insert({s.due_, &s});
  ++counts_.waiting;
  return {};
}

bool scheduler::cancel(scheduled& s, outcome& how) {
  s.tries_.stop();
  if (s.state_ == scheduled::state::running) return false;
  leave(s);
  s.tries_.finish(how);
  return true;
}

void scheduler::wake(std::int64_t now) {
  auto place = queue_.begin();
  while (!waiting_.empty() && waiting_.begin()->first.passed(now)) {
    scheduled& s = *waiting_.begin()->second;
    leave(s);
    enqueue(s, place);  // in the order in which they are due
  }
}

deadline scheduler::next_moment() const noexcept {
  return waiting_.empty() ? deadline::never() : waiting_.begin()->first;
}

}  // namespace brood::detail
