// Children in their parent's memory, beside it: clone without CLONE_VFORK.
// SPDX-License-Identifier: Apache-2.0
#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <memory>

#include "spawn/clone3.hpp"
#include "spawn/launch_pads.hpp"
#include "sys/time.hpp"

namespace brood::detail {

namespace {

constexpr std::int64_t a_while = 500'000'000;  // ns, until it looks again in any case
constexpr std::int64_t patience = 5'000'000;   // ns; who is not over then hangs
// More would only wait for a CPU; then it is better that who starts them does.
constexpr std::size_t plenty = 16;

// The kernel wakes whoever sleeps on the number that it clears, as for pthread_join().
void sleep_on(const launch_pad& pad, std::int64_t at_most) noexcept {
  const timespec limit{.tv_sec = 0, .tv_nsec = static_cast<long>(at_most)};
  (void)::syscall(SYS_futex, &pad.busy, FUTEX_WAIT, 1, &limit, nullptr, 0);
}

bool is_free(const launch_pad& pad) noexcept {
  return pad.busy.load(std::memory_order_acquire) == 0;
}

}  // namespace

static_assert(sizeof(std::atomic<int>) == sizeof(int), "the kernel writes into it");

takeoff::takeoff(const plan_view& plan) : plan_(plan) {
  if (plan.envp != environ || !environ) return;
  for (char** entry = environ; *entry; ++entry) env_.push_back(*entry);
  env_.push_back(nullptr);
  plan_.envp = env_.data();
}

bool takeoff::over() const noexcept { return !pad_ || pad_->starts != number_ || is_free(*pad_); }

bool takeoff::await(std::int64_t until) const noexcept {
  while (!over()) {
    const std::int64_t left = std::min(until - sys::now(), a_while);
    if (left <= 0) return false;
    sleep_on(*pad_, left);
  }
  return true;
}

launch_pad& launch_pads::free_pad() {
  for (;;) {
    const launch_pad* next = nullptr;  // of those that do not hang, the one that left first
    const std::int64_t now = sys::now();
    for (const auto& p : pads_) {
      if (is_free(*p)) return *p;
      if (now - p->since < patience && (!next || p->since < next->since)) next = p.get();
    }
    if (!next || pads_.size() < plenty) return *pads_.emplace_back(std::make_unique<launch_pad>());
    sleep_on(*next, next->since + patience - now);
  }
}

launched launch_pads::launch(takeoff& t) {
  if (!launches_natively(t.plan_.portable)) return detail::launch(t.plan_);
  launch_pad& pad = free_pad();
  launched r;
  clone_args how{};
  how.flags = CLONE_CHILD_CLEARTID;
  how.pidfd = reinterpret_cast<std::uintptr_t>(&r.pidfd);
  how.child_tid = reinterpret_cast<std::uintptr_t>(&pad.busy);
  how.stack = reinterpret_cast<std::uintptr_t>(pad.stack);
  how.stack_size = launch_pad::stack_size;
  pad.busy.store(1, std::memory_order_release);
  r.at = sys::now();
  r.pid = clone3(how, t.start_);
  if (r.pid < 0) {
    pad.busy.store(0, std::memory_order_release);
    if (lacks_clone3(r.pid)) return detail::launch(t.plan_);
    r.error = {error_stage::fork, -r.pid, 0};
    return r;
  }
  t.pad_ = &pad;
  t.number_ = ++pad.starts;
  pad.since = r.at;
  settle_pidfd(r);
  return r;
}

}  // namespace brood::detail
