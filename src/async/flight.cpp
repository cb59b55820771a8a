// Carrying one command on.
// SPDX-License-Identifier: Apache-2.0
#include "async/flight.hpp"

#include "process/access.hpp"

namespace brood::detail {

flight::flight(event_loop& loop, process p, flight_owner& owner)
    : loop_(loop), process_(std::move(p)), owner_(&owner) {
  process::impl& i = process_access::of(process_);
  i.pump.before_close([this](int number) { loop_.closing(*this, number); });
  i.hand_over({}, nullptr);
}

flight::~flight() { loop_.forget(*this); }

void flight::stop(reason why) {
  process::impl& i = process_access::of(process_);
  {
    const std::lock_guard hold(i.lock);
    i.begin_stop(why, i.steps);
  }
  loop_.watch(*this, {}, deadline::at(0));  // the ladder is looked after in the next turn
}

// A callback threw: nobody wants the rest of the output.
void flight::give_up(std::exception_ptr why) {
  thrown_ = std::move(why);
  process_access::of(process_).pump.close_all();
  stop(reason::cancelled);
}

void flight::disown(flight_owner& heir) {
  owner_ = &heir;
  process::impl& i = process_access::of(process_);
  i.pump.close_all();
  bool stopping = false;
  {
    const std::lock_guard hold(i.lock);
    stopping = i.child->stopping();
  }
  if (!stopping) return stop(reason::cancelled);
  loop_.watch(*this, {}, deadline::at(0));  // what it waited for is closed
}

void flight::start() { carry_on(false); }

void flight::proceed() { carry_on(true); }

void flight::carry_on(bool news) {
  process::impl& i = process_access::of(process_);
  process::impl::turn t;
  try {
    if (news) i.pump.serve(ready());
    t = i.look(news, true);
    if (!t.done) {
      items_.assign({sys::wait_item::to_read(t.event)});
      i.pump.wants(items_);
      return loop_.watch(*this, items_, deadline::at(t.again));
    }
  } catch (...) {
    if (thrown_) throw;  // not a callback's: the streams are closed
    return give_up(std::current_exception());
  }
  loop_.forget(*this);
  owner_->landed(*this);
}

bool flight::stopping() const { return process_access::of(process_).child->stopping(); }

bool flight::stopped_for_a_limit() const {
  const reason why = process_access::of(process_).reason_of_end();
  return why == reason::idle_timed_out || why == reason::output_limit || why == reason::timed_out;
}

expected<completed_process, error> flight::result() {
  process::impl& i = process_access::of(process_);
  return i.check_result(i.result());
}

}  // namespace brood::detail
