// brood::process: what the caller may do with a running command.
// SPDX-License-Identifier: Apache-2.0
#include <signal.h>

#include <algorithm>
#include <cerrno>

#include <brood/process.hpp>

#include "base/make_error.hpp"
#include "base/seconds.hpp"
#include "process/impl.hpp"
#include "sys/proc.hpp"
#include "sys/time.hpp"

namespace brood {

namespace sys = detail::sys;

namespace {

std::int64_t until(duration limit, const char* what) {
  if (!limit.given()) return INT64_MAX;
  if (limit.not_a_number()) detail::bad_request(what, "not a number").raise();
  if (limit.nanoseconds() < 0) detail::bad_request(what, "negative").raise();
  const std::int64_t now = sys::now();
  return limit.nanoseconds() > INT64_MAX - now ? INT64_MAX : now + limit.nanoseconds();
}

void check_signal(int signal) {
  if (signal < 0 || signal > 64) {
    detail::bad_request("signal", std::to_string(signal) + " is not a signal").raise();
  }
}

void check_sent(int r, int signal) {
  if (r < 0) detail::os_error(error_stage::signal, signal_name(signal), -r).raise();
}

}  // namespace

process::process() noexcept : impl_(nullptr) {}
process::process(process&& other) noexcept : impl_(std::exchange(other.impl_, nullptr)) {}
process& process::operator=(process&& other) noexcept {
  if (this != &other) {
    delete impl_;
    impl_ = std::exchange(other.impl_, nullptr);
  }
  return *this;
}
process::~process() { delete impl_; }

int process::pid() const noexcept { return impl_ ? impl_->child->pid() : -1; }

const std::vector<std::string>& process::args() const noexcept {
  static const std::vector<std::string> none;
  return impl_ ? impl_->args : none;
}

pipe_writer& process::in() {
  if (!impl_ || !impl_->in_piped) detail::bad_request("in", "stdin is not a PIPE").raise();
  return impl_->in;
}
pipe_reader& process::out() {
  if (!impl_ || !impl_->out_piped) detail::bad_request("out", "stdout is not a PIPE").raise();
  return impl_->out;
}
pipe_reader& process::err() {
  if (!impl_ || !impl_->err_piped) detail::bad_request("err", "stderr is not a PIPE").raise();
  return impl_->err;
}

std::optional<exit_status> process::poll() {
  if (!impl_) return {};
  const std::lock_guard hold(impl_->lock);
  impl_->child->update();
  if (!impl_->child->ended()) return {};
  return impl_->status();
}

exit_status process::wait() {
  if (!impl_) return {};
  return impl_->wait_until(INT64_MAX).value_or(exit_status());
}

std::optional<exit_status> process::wait_for(duration timeout) {
  if (!impl_) return {};
  return impl_->wait_until(until(timeout, "timeout"));
}

process::output process::communicate(std::optional<std::string> input, duration timeout) {
  const std::int64_t limit = until(timeout, "timeout");
  if (!impl_) return {};
  if (input && !impl_->handed_over && !impl_->in.is_open()) {
    detail::bad_request("input", "stdin is not a PIPE").raise();
  }
  if (input && impl_->handed_over) {
    detail::bad_request("input", "cannot be given again after a timeout").raise();
  }
  impl_->make_wake();
  impl_->hand_over(std::move(input), nullptr);
  if (impl_->go_on(limit, false) == impl::outcome::expired) {
    completed_process so_far;
    so_far.args = impl_->args;
    so_far.pid = impl_->child->pid();
    so_far.reason = reason::timed_out;
    so_far.complete = false;
    for (detail::source& s : impl_->pump.sources()) {
      (s.which == output_stream::out ? so_far.out : so_far.err) = s.kept.storage();
    }
    error(error_kind::timed_out, error_stage::timeout, command(impl_->args).to_string(), {},
          "timed out")
        .with(std::move(so_far))
        .raise();
  }
  completed_process r = impl_->result();
  if (impl_->pump.failure()) impl_->pump.failure()->with(std::move(r)).raise();
  return {std::move(r.out), std::move(r.err)};
}

completed_process process::finish() { return try_finish().value(); }

expected<completed_process, error> process::try_finish() {
  if (!impl_) return unexpected(detail::bad_request("process", "there is no command"));
  impl_->make_wake();
  try {
    impl_->hand_over({}, nullptr);
    (void)impl_->go_on(INT64_MAX, true);
  } catch (...) {
    impl_->pump.close_all();
    impl_->stop_now(impl_->steps);
    throw;
  }
  return impl_->check_result(impl_->result());
}

void process::send_signal(int signal) {
  check_signal(signal);
  if (!impl_) return;
  const std::lock_guard hold(impl_->lock);
  check_sent(impl_->child->send(signal, false), signal);
}

void process::suspend() {
  if (!impl_) return;
  const std::lock_guard hold(impl_->lock);
  check_sent(impl_->child->send(SIGSTOP, true), SIGSTOP);
}

void process::resume() {
  if (!impl_) return;
  const std::lock_guard hold(impl_->lock);
  check_sent(impl_->child->send(SIGCONT, true), SIGCONT);
}

exit_status process::stop() {
  if (!impl_) return {};
  impl_->stop_now(impl_->steps);
  return impl_->status();
}

namespace {

detail::ladder_steps checked_ladder(const std::vector<stop_step>& steps) {
  if (steps.empty()) detail::bad_request("stop", "a ladder needs at least one step").raise();
  if (steps.size() >= detail::most_rungs) detail::bad_request("stop", "too many steps").raise();
  for (const stop_step& s : steps) {
    check_signal(s.signal);
    if (s.grace.given() && (s.grace.not_a_number() || s.grace.nanoseconds() < 0)) {
      detail::bad_request("stop", "a grace period is negative or not a number").raise();
    }
  }
  return detail::flatten(steps);
}

}  // namespace

exit_status process::stop(const std::vector<stop_step>& ladder) {
  const detail::ladder_steps steps = checked_ladder(ladder);
  if (!impl_) return {};
  impl_->stop_now(steps);
  return impl_->status();
}

void process::request_stop(std::vector<stop_step> ladder) {
  if (!impl_) return;
  const detail::ladder_steps steps = ladder.empty() ? impl_->steps : checked_ladder(ladder);
  const std::lock_guard hold(impl_->lock);
  impl_->begin_stop(reason::cancelled, steps);
  // The waiting thread carries a ladder on; it may be asleep.
  if (impl_->wake) sys::raise_event(impl_->wake.get());
}

void process::detach() {
  if (!impl_) return;
  const std::lock_guard hold(impl_->lock);
  impl_->child->release();
  impl_->detached = true;
}

live_usage process::usage() const {
  live_usage u;
  if (!impl_ || impl_->child->ended()) return u;
  detail::pod_array<int> all;
  all.add(impl_->child->pid());
  for (std::size_t i = 0; i < all.size(); ++i) {
    sys::process_stat s;
    if (all[i] <= 0 || !sys::read_stat(all[i], s)) continue;
    u.user += std::chrono::nanoseconds(s.user_ns);
    u.system += std::chrono::nanoseconds(s.system_ns);
    u.rss_bytes += s.rss_bytes;
    u.threads += s.threads;
    if (i > 0) ++u.descendants;
    (void)sys::read_children(all[i], all);
  }
  return u;
}

brood::containment process::containment() const noexcept {
  return impl_ ? impl_->contain : brood::containment::process;
}
brood::backend process::backend() const noexcept {
  return impl_ ? impl_->back : brood::backend::native;
}

expected<completed_process, error> process::impl::check_result(completed_process r) const {
  if (pump.failure()) return unexpected(pump.failure()->with(std::move(r)));
  const auto line = [&] { return command(r.args).to_string(); };
  if (r.reason == reason::timed_out || r.reason == reason::idle_timed_out) {
    const bool idle_one = r.reason == reason::idle_timed_out;
    const std::int64_t limit = (idle_one ? idle_timeout : timeout).nanoseconds();
    const std::string text =
        (idle_one ? "no output for " : "timed out after ") + detail::in_seconds(limit);
    return unexpected(
        error(error_kind::timed_out, error_stage::timeout, line(), {}, text).with(std::move(r)));
  }
  if (check && !r.accepted) {
    const std::string text = r.reason == reason::exited || r.reason == reason::signaled
                                 ? r.status.to_string()
                                 : std::string(to_string(r.reason));
    return unexpected(
        error(error_kind::failed, error_stage::check, line(), {}, text).with(std::move(r)));
  }
  return r;
}

}  // namespace brood
