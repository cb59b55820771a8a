// Going down a stop ladder.
// SPDX-License-Identifier: Apache-2.0
#include "process/ladder.hpp"

#include <algorithm>

namespace brood::detail {

namespace {

constexpr std::int64_t ms = 1'000'000;
// Between two looks for processes that were forked since: most trees are gone after one signal, so
// the first look comes soon; the longest pause bounds what a stop that takes long costs (50 walks
// of /proc in a second).
constexpr std::int64_t first_pause = ms;
constexpr std::int64_t longest_pause = 20 * ms;
// After SIGKILL only a process in uninterruptible sleep stays. Nothing hangs: after this long the
// stop ends without it. As long as the default grace of a rung.
constexpr std::int64_t kill_patience = 5'000 * ms;
// One that we may not signal stays too. It had the graces of the rungs before; this is for the ends
// of the others to be noticed.
constexpr std::int64_t refused_patience = 100 * ms;

}  // namespace

void ladder::start(const ladder_steps& steps) noexcept { steps_ = steps; }

void ladder::escalate() noexcept {
  if (last()) return;
  at_ = steps_.count - 1;
  entered_ = false;
}

deadline ladder::end_of_rung(bool refused) const noexcept {
  if (last()) return deadline::after(since_, refused ? refused_patience : kill_patience);
  return deadline::after(since_, steps_.rungs[at_].grace_ns);
}

ladder::due ladder::step(std::int64_t now, bool empty, bool refused) noexcept {
  if (done_) return {};
  if (empty && entered_) {
    done_ = true;
    return {};
  }
  if (entered_ && end_of_rung(refused).passed(now)) {
    if (last()) {
      done_ = gave_up_ = true;
      return {};
    }
    ++at_;
    entered_ = false;
  }
  due d;
  if (!entered_) {
    entered_ = d.fresh = true;
    since_ = now;
    pause_ = first_pause;
  }
  if (d.fresh || again_.passed(now)) {
    d.signal = static_cast<int>(steps_.rungs[at_].signal);
    again_ = deadline::after(now, pause_);
    pause_ = std::min(pause_ * 2, longest_pause);
  }
  d.rung_ends = end_of_rung(refused);
  d.until = earlier(again_, d.rung_ends);
  return d;
}

}  // namespace brood::detail
