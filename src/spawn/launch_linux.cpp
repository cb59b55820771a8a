// The Linux launch: in the parent's memory where that can be, else by fork.
// SPDX-License-Identifier: Apache-2.0
#include <linux/futex.h>
#include <signal.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>

#include "spawn/clone3.hpp"
#include "spawn/launch.hpp"
#include "spawn/starter.hpp"
#include "spawn/step_table.hpp"
#include "sys/reap.hpp"
#include "sys/time.hpp"
#include "sys/wait.hpp"

namespace brood::detail {

namespace {

// Part of the caller's own stack: the caller sleeps until the child has exec'ed.
constexpr std::size_t stack_size = 8 * 1024;
constexpr std::int64_t a_while = 500'000'000;  // ns, until it looks again in any case

bool has_rendezvous(const plan_view& plan) noexcept {
  return plan.step_count > 0 && plan.steps[0].what == op::rendezvous;
}

// In shared memory, another user's process would hold all that we have in ours. The kernel sees to
// it that nobody reads it there, by making that memory undumpable: ours as well, for good, without
// core files and closed to debuggers. CPython and Rust fork for such a child, too.
bool changes_user(const plan_view& plan) noexcept {
  for (std::uint32_t i = 0; i < plan.step_count; ++i) {
    if (plan.steps[i].what == op::set_uid || plan.steps[i].what == op::set_gid) return true;
  }
  return false;
}

bool may_share_memory(const plan_view& plan) noexcept {
  return launches_natively(plan.portable) && !changes_user(plan);
}

child_handle failed(error_stage stage, int os) noexcept { return {.error = {stage, os, 0}}; }

// The kernel wakes whoever sleeps on the number that it clears, as for pthread_join().
void sleep_on(const std::atomic<int>& busy, std::int64_t at_most) noexcept {
  const timespec limit{.tv_sec = 0, .tv_nsec = static_cast<long>(at_most)};
  (void)::syscall(SYS_futex, &busy, FUTEX_WAIT, 1, &limit, nullptr, 0);
}

// The step that the report names, as an error of it.
child_error error_at(const plan_view& plan, std::uint32_t step, int os) noexcept {
  if (step >= plan.step_count) return {error_stage::exec, os, 0};
  return {kind_of(plan.steps[step].what).stage, os, step};
}

child_handle launch_waiting(const plan_view& plan) noexcept {
  alignas(16) char stack[stack_size];
  child_handle child;
  child_report report;
  child_start start{&plan, &report};
  sys::fd pidfd;
  child.started_at = sys::now();  // before: the child may be over when the call returns
  const int pid =
      clone_child({.start = start, .stack = stack, .stack_size = stack_size, .wait = true}, pidfd);
  if (pid < 0) return failed(error_stage::fork, -pid);
  child.ref = sys::pid_ref::child(pid, std::move(pidfd));
  if (report.error.os != 0) {
    drop_child(child, report.error);
  } else if (report.at.load(std::memory_order_relaxed) < plan.step_count) {
    drop_child(child, error_at(plan, report.at.load(std::memory_order_relaxed), EINTR));
  }
  return child;
}

}  // namespace

static_assert(sizeof(std::atomic<int>) == sizeof(int), "the kernel writes into it");

void drop_child(child_handle& child, const child_error& why) noexcept {
  (void)child.ref.signal(SIGKILL);
  sys::reap_for_certain(child.ref.pid(), child.ref.pidfd());
  child.ref = {};
  child.error = why;
}

child_handle starter::clone() noexcept {
  child_handle child;
  sys::fd pidfd;
  memory.busy_.store(1, std::memory_order_release);
  child.started_at = sys::now();
  const int pid = clone_child({.start = memory.start_,
                               .stack = memory.stack_,
                               .stack_size = memory.stack_size,
                               .busy = &memory.busy_},
                              pidfd);
  if (pid < 0) {
    memory.busy_.store(0, std::memory_order_release);
    return failed(error_stage::fork, -pid);
  }
  memory.shared_ = true;
  child.ref = sys::pid_ref::child(pid, std::move(pidfd));
  return child;
}

bool child_memory::over() const noexcept {
  if (shared_) return busy_.load(std::memory_order_acquire) == 0;
  take_notes();
  return notes_end_;
}

bool child_memory::await(deadline until) const noexcept {
  while (!over()) {
    const std::int64_t left = until.left(sys::now());
    if (left == 0) return false;
    if (shared_) {
      sleep_on(busy_, std::min(left, a_while));
    } else {
      (void)sys::poll_until(sys::wait_item::to_read(notes_.get()), until);
    }
  }
  return true;
}

child_error child_memory::outcome() const noexcept {
  if (report_.error.os != 0) return report_.error;
  const std::uint32_t at = report_.at.load(std::memory_order_relaxed);
  return at < plan_.step_count ? error_at(plan_, at, EINTR) : child_error{};
}

child_error child_memory::progress(int os) const noexcept {
  if (!shared_) take_notes();
  return error_at(plan_, report_.at.load(std::memory_order_relaxed), os);
}

bool launches_natively(bool portable) noexcept { return !portable && memory_is_shared(); }

starter::starter(const plan_view& plan, child_memory& m) noexcept : memory(m) {
  m.plan_ = plan;
  m.report_.error = {};
  m.report_.at.store(0, std::memory_order_relaxed);
  m.shared_ = false;
  m.notes_.reset();
  m.notes_end_ = true;
}

child_handle launch_beside(const plan_view& plan, child_memory& memory) noexcept {
  starter start(plan, memory);
  if (!may_share_memory(plan) || !may_run_beside()) return start.fork();
  child_handle child = start.clone();
  const int os = child.error.os;
  return os == 0 || is_shortage(os) ? std::move(child) : start.fork();
}

child_handle launch(const plan_view& plan) noexcept {
  if (has_rendezvous(plan)) return failed(error_stage::fork, EDEADLK);
  if (may_share_memory(plan)) {
    child_handle child = launch_waiting(plan);
    const bool refused = child.started_at == 0 && !is_shortage(child.error.os);
    if (!refused) return child;
  }
  child_memory memory;
  child_handle child = starter(plan, memory).fork();
  if (child.error.os != 0) return child;
  (void)memory.await(deadline::never());
  const child_error why = memory.outcome();
  if (why.os != 0) drop_child(child, why);
  return child;
}

}  // namespace brood::detail
