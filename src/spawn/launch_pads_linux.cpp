// Children in their parent's memory, beside it: clone without CLONE_VFORK.
// SPDX-License-Identifier: Apache-2.0
#include <linux/futex.h>
#include <sched.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <new>

#include "spawn/clone3.hpp"
#include "spawn/launch_pads.hpp"
#include "sys/time.hpp"

namespace brood::detail {

namespace {

constexpr std::int64_t a_while = 500'000'000;  // ns, until it looks again in any case

}  // namespace

static_assert(sizeof(std::atomic<int>) == sizeof(int), "the kernel writes into it");

takeoff::takeoff(const plan_view& plan) : plan_(plan) {
  if (plan.envp != environ || !environ) return;
  for (char** entry = environ; *entry; ++entry) env_.push_back(*entry);
  env_.push_back(nullptr);
  plan_.envp = env_.data();
}

bool takeoff::over() const noexcept {
  return !pad_ || pad_->starts != number_ || pad_->busy.load(std::memory_order_acquire) == 0;
}

// The kernel wakes whoever sleeps on the number that it clears, as for pthread_join().
bool takeoff::await(std::int64_t until) const noexcept {
  while (!over()) {
    const std::int64_t left = std::min(until - sys::now(), a_while);
    if (left <= 0) return false;
    const timespec most{.tv_sec = 0, .tv_nsec = static_cast<long>(left)};
    (void)::syscall(SYS_futex, &pad_->busy, FUTEX_WAIT, 1, &most, nullptr, 0);
  }
  return true;
}

launch_pad* launch_pads::free_pad() noexcept {
  if (!pads_) pads_.reset(new (std::nothrow) launch_pad[most]);
  for (std::size_t i = 0; pads_ && i < most; ++i) {
    if (pads_[i].busy.load(std::memory_order_acquire) == 0) return &pads_[i];
  }
  return nullptr;
}

launched launch_pads::launch(takeoff& t) noexcept {
  launch_pad* const pad = launches_natively(t.plan_.portable) ? free_pad() : nullptr;
  if (!pad) return detail::launch(t.plan_);
  launched r;
  clone_args how{};
  how.flags = CLONE_CHILD_CLEARTID;
  how.pidfd = reinterpret_cast<std::uintptr_t>(&r.pidfd);
  how.child_tid = reinterpret_cast<std::uintptr_t>(&pad->busy);
  how.stack = reinterpret_cast<std::uintptr_t>(pad->stack);
  how.stack_size = launch_pad::stack_size;
  pad->busy.store(1, std::memory_order_release);
  r.at = sys::now();
  r.pid = clone3(how, t.start_);
  if (r.pid < 0) {
    pad->busy.store(0, std::memory_order_release);
    if (lacks_clone3(r.pid)) return detail::launch(t.plan_);
    r.error = {error_stage::fork, -r.pid, 0};
    return r;
  }
  t.pad_ = pad;
  t.number_ = ++pad->starts;
  r.under_way = true;
  settle_pidfd(r);
  return r;
}

}  // namespace brood::detail
