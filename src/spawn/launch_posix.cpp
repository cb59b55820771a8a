// The portable launch: fork, and a pipe that exec closes and a failure writes to.
// SPDX-License-Identifier: Apache-2.0
#include <sys/types.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "spawn/clone3.hpp"
#include "spawn/starter.hpp"
#include "spawn/step_table.hpp"
#include "sys/reap.hpp"
#include "sys/time.hpp"

namespace brood::detail {

namespace {

bool is_target(const plan_view& plan, int number) noexcept {
  bool found = false;
  for_each_target(plan, [&](int target) { found = found || target == number; });
  return found;
}

// The child's end of the pipe, under a number that no step writes to.
int out_of_the_way(const plan_view& plan, sys::fd& end) noexcept {
  while (end && is_target(plan, end.get())) {
    sys::fd next(sys::dup_above(end.get(), end.get() + 1));
    end = std::move(next);
  }
  return end ? 0 : end.get();
}

}  // namespace

child_handle starter::fork() noexcept {
  child_handle child;
  sys::fd write_end;
  int made = sys::make_pipe(memory.notes_, write_end);
  if (made >= 0) made = sys::set_nonblocking(memory.notes_.get());
  if (made >= 0) made = out_of_the_way(memory.plan_, write_end);
  if (made < 0) {
    memory.notes_.reset();
    child.error = {error_stage::pipe, -made, 0};
    return child;
  }
  const std::int64_t now = sys::now();
  const int pid = fork_here(write_end.get());
  if (pid < 0) {
    memory.notes_.reset();
    child.error = {error_stage::fork, -pid, 0};
    return child;
  }
  write_end.reset();
  memory.notes_end_ = false;
  // What it says of its way is of steps that may take long; of the others nothing is known.
  memory.report_.at.store(memory.plan_.step_count, std::memory_order_relaxed);
  child.started_at = now;
  child.ref = sys::pid_ref::child(
      pid, sys::fd(memory.plan_.portable ? -1 : sys::above_standard(sys::open_pidfd(pid))));
  return child;
}

int starter::fork_here(int pipe) noexcept {
  child_report& report = memory.report_;
  report.pipe = pipe;
  report.handlers_cleared = false;
  report.joins_cgroup = memory.plan_.cgroup_fd >= 0;
  const sys::signals_blocked guard;
  const int pid = fork_with_flags(memory.plan_.clone_flags);
  if (pid == 0) child_main(&memory.start_);
  report.pipe = -1;
  return pid;
}

// Its end without an error is that of exec, or of the child.
void child_memory::take_notes() const noexcept {
  while (!notes_end_) {
    child_note note{};
    const ssize_t n = sys::read_some(notes_.get(), &note, sizeof note);
    if (n == -EAGAIN) return;
    if (n == static_cast<ssize_t>(sizeof note)) {
      report_.at.store(note.step, std::memory_order_relaxed);
      if (note.os == 0) continue;
      report_.error = {static_cast<error_stage>(note.stage), note.os, note.step};
    } else if (n != 0) {  // we cannot know what happened
      report_.error = {error_stage::fork, n < 0 ? static_cast<int>(-n) : EIO, 0};
    }
    notes_end_ = true;
  }
}

}  // namespace brood::detail
