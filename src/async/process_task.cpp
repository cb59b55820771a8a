// Step, watch, serve.
// SPDX-License-Identifier: Apache-2.0
#include "async/process_task.hpp"

namespace brood::detail {

process_task::process_task(event_loop& loop, std::unique_ptr<execution> e, exit_handler& handler)
    : loop_(loop), execution_(std::move(e)), handler_(&handler), has_pid_(execution_->pid() > 0) {
  execution_->ends().pump.before_close([this](int number) { loop_.closing(*this, number); });
  execution_->hand_over();
}

process_task::~process_task() { loop_.forget(*this); }

void process_task::stop(reason why) {
  execution_->stop(why);
  loop_.watch(*this, {}, deadline::at(0));  // the ladder begins in the next turn
}

// A callback threw: nobody wants the rest of the output.
void process_task::give_up(std::exception_ptr why) {
  thrown_ = std::move(why);
  execution_->discard_output();
  stop(reason::cancelled);
}

void process_task::disown(exit_handler& heir) {
  handler_ = &heir;
  execution_->discard_output();
  if (!execution_->stopping()) stop(reason::cancelled);
}

void process_task::proceed() {
  try {
    execution_->serve(ready());
  } catch (...) {
    if (thrown_) throw;  // not a callback's: there are none any more
    return give_up(std::current_exception());
  }
  carry_on();
}

void process_task::carry_on() {
  try {
    execution_->step();
  } catch (...) {
    if (thrown_) throw;
    return give_up(std::current_exception());
  }
  if (execution_->ended()) {
    loop_.forget(*this);
    return handler_->on_exit(*this);
  }
  if (!has_pid_ && execution_->pid() > 0) {
    has_pid_ = true;
    handler_->on_start(*this);
  }
  items_.clear();
  const deadline until = execution_->wants(items_);
  loop_.watch(*this, items_, until);
}

bool process_task::stopped_for_a_limit() const {
  const reason why = execution_->reason_of_end();
  return why == reason::idle_timed_out || why == reason::output_limit || why == reason::timed_out;
}

}  // namespace brood::detail
