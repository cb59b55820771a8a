// Going down a stop ladder.
// SPDX-License-Identifier: Apache-2.0
#include "process/ladder.hpp"

namespace brood::detail {

namespace {

constexpr std::int64_t ms = 1'000'000;
constexpr std::int64_t first_pause = ms;
constexpr std::int64_t longest_pause = 20 * ms;
// After SIGKILL only a process that the kernel cannot interrupt, or that we may not signal, stays.
// Nothing hangs: after this long the stop ends without it.
constexpr std::int64_t kill_patience = 5'000 * ms;

}  // namespace

void ladder::start(const ladder_steps& steps) noexcept {
  steps_ = steps;
  at_ = 0;
  started_ = true;
  entered_ = false;
  done_ = false;
}

void ladder::escalate() noexcept {
  if (last()) return;
  at_ = steps_.count - 1;
  entered_ = false;
}

std::int64_t ladder::tick(targets& all, std::int64_t now) noexcept {
  if (entered_ && now >= rung_ends_) {
    if (last()) {
      done_ = true;
      return now;
    }
    ++at_;
    entered_ = false;
  }
  if (!entered_) {
    entered_ = true;
    all.new_round();
    pause_ = first_pause;
    const std::int64_t grace = last() ? kill_patience : steps_.rungs[at_].grace_ns;
    rung_ends_ = grace > INT64_MAX - now ? INT64_MAX : now + grace;
  }
  (void)all.deliver(steps_.rungs[at_].signal);
  if (all.gone()) {
    done_ = true;
    return now;
  }
  const std::int64_t again = now + pause_;
  pause_ = pause_ * 2 > longest_pause ? longest_pause : pause_ * 2;
  return again < rung_ends_ ? again : rung_ends_;
}

}  // namespace brood::detail
