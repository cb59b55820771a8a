// Lending workers to callers, and when a worker has done enough.
// SPDX-License-Identifier: Apache-2.0
#include "workers/worker_core.hpp"

#include "base/make_error.hpp"
#include "sys/proc.hpp"
#include "sys/time.hpp"

namespace brood::detail {

std::int64_t moment_after(std::int64_t from, duration span) {
  const bool never = !span.given() || span.nanoseconds() > INT64_MAX - from;
  return never ? INT64_MAX : from + span.nanoseconds();
}

std::int64_t worker_core::deadline_of(duration timeout) const {
  const duration limit = timeout.given() ? timeout : opts.timeout;
  return limit.given() ? moment_after(sys::now(), limit) : INT64_MAX;
}

void worker_core::refuse_if_shut() const {
  if (shut) bad_request("worker_pool", "it was shut down").raise();
}

bool worker_core::worn_out(const asked_worker& w, std::int64_t now) const {
  if (w.answered == 0) return false;  // else one that is large from the start would be of no use
  if (opts.max_requests > 0 && w.answered >= opts.max_requests) return true;
  if (now >= moment_after(w.started_at, opts.max_age)) return true;
  sys::process_stat s;
  return opts.max_rss_bytes > 0 && sys::read_stat(w.pid, s) && s.rss_bytes > opts.max_rss_bytes;
}

asked_worker* worker_core::borrow() {
  const std::lock_guard hold(lock);
  refuse_if_shut();
  if (counts.queued > 0 || idle.empty()) return nullptr;
  asked_worker* const w = idle.back();
  idle.pop_back();
  w->state = worker_state::lent;
  --counts.idle;
  ++counts.busy;
  ++unfinished;
  return w;
}

void worker_core::give_back(asked_worker& w) {
  const std::int64_t now = sys::now();
  w.found = worn_out(w, now) ? fault::worn : fault::none;
  const std::lock_guard hold(lock);
  ++counts.done;
  --unfinished;
  if (w.found == fault::worn || w.ended || leave) {
    returned.push_back(&w);
    wake();
  } else {
    w.state = worker_state::idle;
    w.idle_since = now;
    --counts.busy;
    ++counts.idle;
    idle.push_back(&w);
    if (counts.queued > 0) wake();
  }
  if (unfinished == 0) changed.notify_all();
}

void worker_core::give_back_broken(asked_worker& w) {
  const std::lock_guard hold(lock);
  if (!w.work) --unfinished;
  returned.push_back(&w);
  wake();
  if (unfinished == 0) changed.notify_all();
}

}  // namespace brood::detail
