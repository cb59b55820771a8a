// From facts to orders.
// SPDX-License-Identifier: Apache-2.0
#include "process/driver.hpp"

#include <algorithm>
#include <csignal>

namespace brood::detail {

namespace {

constexpr std::int64_t ms = 1'000'000;
// A stop waits so long for a child to get over exec, which takes about one: before it, the child
// may have no group of its own to be signalled, and no handler. One whose exec hangs has run no
// code yet that a gentler signal would save.
constexpr std::int64_t exec_patience = 20 * ms;
// Between two looks whether it is over, which is no event.
constexpr std::int64_t exec_pause = ms / 2;
// After a stop: for what is still on its way in the pipes. As the default drain_grace.
constexpr std::int64_t after_stop = 100 * ms;

constexpr ladder_steps kill_only{{{SIGKILL, 0}}, 1};

}  // namespace

void driver::stop(reason why, const ladder_steps& steps) noexcept {
  if (ladder_.started()) return ladder_.escalate();
  if (asked_times_++ > 0) return;
  asked_ = why;
  asked_steps_ = steps;
}

void driver::begin(const facts& f, reason why, const ladder_steps& steps) noexcept {
  if (!f.exited) cause_ = why;
  ladder_.start(steps);
  for (; asked_times_ > 1; --asked_times_) ladder_.escalate();
  asked_times_ = 0;
  state_ = state::stopping;
  if (!f.started) exec_patience_ = deadline::after(f.now, exec_patience);
}

driver::orders driver::step(const facts& f) noexcept {
  orders o;
  if (f.refused) {
    state_ = state::ended;
    asked_times_ = 0;
    return o;
  }
  if (ended()) return o;
  if (state_ == state::starting && f.started) state_ = state::running;
  if (state_ != state::stopping) {
    if (f.lost) {
      begin(f, reason::not_started, kill_only);
    } else if (asked_times_ > 0) {
      begin(f, asked_, asked_steps_);
    } else if (f.exceeded) {
      begin(f, reason::output_limit, policy_.stop);
    }
  }
  if (state_ == state::starting || state_ == state::running) run(f, o);
  if (state_ == state::draining) drain(f, o);
  if (state_ == state::stopping) descend(f, o);
  return o;
}

void driver::run(const facts& f, orders& o) noexcept {
  if (f.exited) {
    state_ = state::draining;
    return;
  }
  const deadline quiet = deadline::after(f.last_output, policy_.idle_ns);
  if (policy_.timeout.passed(f.now)) {
    begin(f, reason::timed_out, policy_.stop);
  } else if (quiet.passed(f.now)) {
    begin(f, reason::idle_timed_out, policy_.stop);
  } else {
    o.until = earlier(policy_.timeout, quiet);
  }
}

/// The end of the streams, or the moment at which they are given up.
void driver::finish_streams(const facts& f, orders& o, deadline limit) noexcept {
  if (f.reading && complete_ && f.draining && limit.passed(f.now)) {
    complete_ = false;
    o.give_up = true;
  }
  if (!f.reading || !complete_) {
    state_ = state::ended;
  } else if (f.draining) {
    o.until = earlier(o.until, limit);
  }
}

void driver::drain(const facts& f, orders& o) noexcept {
  const std::int64_t silent_from = std::max(f.exited_at, f.last_output);
  const deadline silence = deadline::after(silent_from, policy_.drain_grace_ns);
  finish_streams(f, o, earlier(silence, policy_.timeout));
  if (state_ == state::ended && policy_.leaves_nothing && !f.empty) {
    begin(f, reason::not_started, policy_.stop);
  }
}

void driver::descend(const facts& f, orders& o) noexcept {
  if (!ladder_.done()) {
    const bool in_exec = !f.started && !f.exited;
    if (in_exec && !exec_patience_.passed(f.now)) {
      o.until = earlier(exec_patience_, deadline::after(f.now, exec_pause));
      return;
    }
    if (in_exec) ladder_.escalate();
    o.deliver = ladder_.step(f.now, f.empty, f.unkillable);
    if (f.hears_of_empty) {
      if (!o.deliver.fresh) o.deliver.signal = 0;
      o.deliver.until = o.deliver.rung_ends;
    }
    o.until = o.deliver.until;
    if (!ladder_.done()) return;
    o.until = {};
  }
  if (last_chance_.is_never() && f.draining) last_chance_ = deadline::after(f.now, after_stop);
  finish_streams(f, o, last_chance_);
}

}  // namespace brood::detail
