// Starting guardians, keeping them, and ending them.
// SPDX-License-Identifier: Apache-2.0
#include "scope/guardian_pool.hpp"

#include <signal.h>
#include <unistd.h>

#include <string>

#include "base/make_error.hpp"
#include "scope/guardian_image.hpp"
#include "spawn/launch.hpp"
#include "spawn/plan.hpp"
#include "spawn/step_table.hpp"
#include "sys/call.hpp"
#include "sys/wait.hpp"

namespace brood::detail {

namespace {

// An idle guardian sends nothing: whatever there is to read is its end.
bool alive(const guardian_handle& g) noexcept {
  return !sys::poll_until(sys::wait_item::to_read(g.channel.get()), deadline::at(0));
}

/// By the memory file, or, where that cannot be had or executed, by an installed file.
expected<sys::pid_ref, error> launch_guardian(spawn_spec spec) {
  guardian_image image = guardian_file();
  spec.programs = guardian_paths();
  const plan outer(std::move(spec));
  plan_view view = outer.view();
  if (image.file) {
    view.program_fd = image.file.get();
    child_handle c = launch(view);
    if (c.error.os == 0) return std::move(c.ref);
    if (c.error.stage != error_stage::exec) {
      return unexpected(os_error(error_stage::guard, "guardian", c.error.os));
    }
    image.refusal = {"execveat", c.error.os};
    view.program_fd = -1;
  }
  child_handle installed = launch(view);
  if (installed.error.os == 0) return std::move(installed.ref);
  return unexpected(guardian_refused(image.refusal));
}

}  // namespace

void guardian_handle::end() noexcept {
  channel.reset();
  reap();
}

void guardian_handle::reap() noexcept {
  if (!process) return;
  (void)process.signal(SIGCONT);  // what it has may have stopped it
  sys::exit_record record;
  while (sys::may_pass(process.reap(sys::wait_mode::block, record))) {
  }
  process = {};
}

expected<guardian_handle, error> start_guardian(const plan_view* inner, bool portable) {
  guardian_handle g;
  sys::fd theirs;
  sys::fd their_wakeup;
  int made = sys::make_channel(g.channel, theirs);
  if (made >= 0 && !inner) made = sys::make_pipe(g.wakeup, their_wakeup);
  if (made >= 0 && !inner) made = sys::set_nonblocking(g.wakeup.get());
  if (made < 0) return unexpected(os_error(error_stage::guard, "guardian", -made));
  spawn_spec spec;
  spec.program = "brood-guardian";
  spec.args = {"brood-guardian", std::to_string(::getpid()), std::to_string(theirs.get())};
  if (their_wakeup) spec.args.push_back(std::to_string(their_wakeup.get()));
  spec.inherit_env = true;  // so that a mark in the environment finds it, as it finds the command
  spec.close_fds = true;
  spec.portable = portable;
  spec.keep.push_back(theirs.get());
  if (their_wakeup) spec.keep.push_back(their_wakeup.get());
  if (inner) {  // under their own numbers
    spec.close_fds = inner->close_fds;
    for_each_source(*inner, [&](int number) { spec.keep.push_back(number); });
  }
  auto started = launch_guardian(std::move(spec));
  if (!started) return unexpected(started.error());
  g.process = std::move(*started);
  return g;
}

guardian_pool::~guardian_pool() {
  for (guardian_handle& g : idle_) g.channel.reset();  // all of them first: they exit side by side
  for (guardian_handle& g : idle_) g.end();
}

std::optional<guardian_handle> guardian_pool::take_idle() {
  while (!idle_.empty()) {
    guardian_handle g = std::move(idle_.back());
    idle_.pop_back();
    if (g.hands_on == *now_ && alive(g)) return g;
    g.end();
  }
  return {};
}

expected<guardian_handle, error> guardian_pool::take(bool portable) {
  if (!looks_once_ || !now_) now_ = sys::look_at_inherited();
  if (auto g = take_idle()) return std::move(*g);
  auto fresh = start_guardian(nullptr, portable);
  if (fresh) fresh->hands_on = *now_;
  return fresh;
}

void guardian_pool::put(guardian_handle g) noexcept {
  if (idle_.size() >= most) return g.end();
  idle_.push_back(std::move(g));
}

void guardian_pool::prestart(bool portable) {
  if (auto g = take(portable)) put(std::move(*g));
}

}  // namespace brood::detail
