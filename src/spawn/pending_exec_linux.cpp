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
#include "spawn/pending_exec.hpp"
#include "sys/time.hpp"

namespace brood::detail {

namespace {

constexpr std::int64_t a_while = 500'000'000;  // ns, until it looks again in any case
constexpr std::int64_t patience = 5'000'000;   // ns; who is not over then hangs
// More would only wait for a CPU; then it is better that who starts them does.
constexpr std::size_t plenty = 16;

// The kernel wakes whoever sleeps on the number that it clears, as for pthread_join().
void sleep_on(const child_stack& stack, std::int64_t at_most) noexcept {
  const timespec limit{.tv_sec = 0, .tv_nsec = static_cast<long>(at_most)};
  (void)::syscall(SYS_futex, &stack.busy, FUTEX_WAIT, 1, &limit, nullptr, 0);
}

bool is_free(const child_stack& stack) noexcept {
  return stack.busy.load(std::memory_order_acquire) == 0;
}

}  // namespace

static_assert(sizeof(std::atomic<int>) == sizeof(int), "the kernel writes into it");

pending_exec::pending_exec(const plan_view& plan) : plan_(plan) {
  if (plan.envp != environ || !environ) return;
  for (char** entry = environ; *entry; ++entry) env_.push_back(*entry);
  env_.push_back(nullptr);
  plan_.envp = env_.data();
}

bool pending_exec::over() const noexcept {
  return !stack_ || stack_->starts != number_ || is_free(*stack_);
}

bool pending_exec::await(std::int64_t until) const noexcept {
  while (!over()) {
    const std::int64_t left = std::min(until - sys::now(), a_while);
    if (left <= 0) return false;
    sleep_on(*stack_, left);
  }
  return true;
}

child_stack& child_stack_pool::free_stack() {
  for (;;) {
    const child_stack* next = nullptr;  // of those that do not hang, the one that left first
    const std::int64_t now = sys::now();
    for (const auto& p : stacks_) {
      if (is_free(*p)) return *p;
      if (now - p->since < patience && (!next || p->since < next->since)) next = p.get();
    }
    if (!next || stacks_.size() < plenty)
      return *stacks_.emplace_back(std::make_unique<child_stack>());
    sleep_on(*next, next->since + patience - now);
  }
}

launched child_stack_pool::launch(pending_exec& t) {
  if (!launches_natively(t.plan_.portable)) return detail::launch(t.plan_);
  child_stack& stack = free_stack();
  launched r;
  clone_args how{};
  how.flags = CLONE_CHILD_CLEARTID;
  how.pidfd = reinterpret_cast<std::uintptr_t>(&r.pidfd);
  how.child_tid = reinterpret_cast<std::uintptr_t>(&stack.busy);
  how.stack = reinterpret_cast<std::uintptr_t>(stack.stack);
  how.stack_size = child_stack::stack_size;
  stack.busy.store(1, std::memory_order_release);
  r.at = sys::now();
  r.pid = clone3(how, t.start_);
  if (r.pid < 0) {
    stack.busy.store(0, std::memory_order_release);
    if (lacks_clone3(r.pid)) return detail::launch(t.plan_);
    r.error = {error_stage::fork, -r.pid, 0};
    return r;
  }
  t.stack_ = &stack;
  t.number_ = ++stack.starts;
  stack.since = r.at;
  settle_pidfd(r);
  return r;
}

}  // namespace brood::detail
