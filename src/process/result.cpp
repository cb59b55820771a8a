// What is said of a command once it has ended.
// SPDX-License-Identifier: Apache-2.0
#include <signal.h>

#include <algorithm>
#include <system_error>

#include "base/seconds.hpp"
#include "process/execution.hpp"
#include "sys/time.hpp"

namespace brood::detail {

namespace {

void fill(usage& u, const sys::exit_record& r) {
  u.user = std::chrono::nanoseconds(r.user_ns);
  u.system = std::chrono::nanoseconds(r.system_ns);
  u.max_rss_bytes = r.max_rss_bytes;
  u.minor_faults = r.minor_faults;
  u.major_faults = r.major_faults;
  u.blocks_in = r.blocks_in;
  u.blocks_out = r.blocks_out;
  u.voluntary_switches = r.voluntary_switches;
  u.involuntary_switches = r.involuntary_switches;
}

bool is_accepted(const completed_process& r, const std::vector<int>& ok_codes) {
  const std::optional<int> code = r.status.code();
  if (r.reason != reason::exited || !code) return false;
  if (ok_codes.empty()) return *code == 0;
  return std::find(ok_codes.begin(), ok_codes.end(), *code) != ok_codes.end();
}

}  // namespace

reason execution::reason_of_end() const {
  const std::lock_guard hold(lock_);
  if (driver_.cause() != reason::not_started) return driver_.cause();
  if (ends_.pump.exceeded()) return reason::output_limit;  // it was faster than we could stop it
  if (!scope_->exited()) return reason::not_started;
  const sys::exit_record& r = scope_->end().record;
  const std::optional<int> signal = to_status(r).signal();
  if (!signal) return reason::exited;
  const limits& l = spec_.opts().limits;
  const duration cpu = l.cpu_time;
  if (cpu.given() && *signal == SIGXCPU) return reason::cpu_limit;
  if (cpu.given() && *signal == SIGKILL && r.user_ns + r.system_ns >= cpu.nanoseconds()) {
    return reason::cpu_limit;
  }
  if (l.file_size && *signal == SIGXFSZ) return reason::file_size_limit;
  return reason::signaled;
}

std::string execution::not_stopped() const {
  if (!driver_.gave_up()) return {};
  const int why = scope_->trouble();
  std::string text = scope_->exited()
                         ? "some of what pid " + std::to_string(scope_->pid()) + " started"
                         : "pid " + std::to_string(scope_->pid());
  text += " could not be stopped";
  if (why < 0) text += ": " + std::generic_category().message(-why);
  return text;
}

completed_process execution::describe() const {
  completed_process r;
  r.args = spec_.cmd().args();
  r.containment = facts_.level;
  r.backend = facts_.back;
  r.degraded = facts_.degraded;
  const std::lock_guard hold(lock_);
  r.pid = scope_->pid();
  r.complete = driver_.complete();
  r.not_stopped = not_stopped();
  if (hanging_start_) {
    r.stuck_in =
        std::string(to_string(hanging_start_->stage())) + " '" + hanging_start_->subject() + "'";
  }
  const std::int64_t end = scope_->exited() ? scope_->end().at : sys::now();
  if (scope_->started_at() > 0) r.usage.wall = std::chrono::nanoseconds(end - scope_->started_at());
  if (!scope_->exited()) return r;
  r.status = to_status(scope_->end().record);
  fill(r.usage, scope_->end().record);
  return r;
}

completed_process execution::so_far(reason why) const {
  completed_process r = describe();
  r.reason = why;
  r.complete = false;
  for (const source& s : ends_.pump.sources()) {
    (s.which == output_stream::out ? r.out : r.err) = s.kept.so_far();
  }
  return r;
}

expected<completed_process, error> execution::take_result() {
  if (auto why = refusal()) return unexpected(std::move(*why));
  return take_outcome();
}

expected<completed_process, error> execution::take_outcome() {
  expected<completed_process, error> all(describe());  // made in place: it is large
  completed_process& r = *all;
  r.reason = reason_of_end();
  for (source& s : ends_.pump.sources()) {
    const bool is_out = s.which == output_stream::out;
    (is_out ? r.out_omitted : r.err_omitted) = s.kept.omitted();
    (is_out ? r.out : r.err) = s.kept.take();
  }
  r.accepted = is_accepted(r, spec_.opts().ok_codes);
  if (auto failure = find_failure(r)) all = unexpected(failure->with(std::move(r)));
  return all;
}

const expected<completed_process, error>& execution::result() {
  if (!result_) result_.emplace(take_result());
  return *result_;
}

/// What is raised instead of the result.
std::optional<error> execution::find_failure(const completed_process& r) const {
  if (ends_.pump.failure()) return ends_.pump.failure();
  const options& o = spec_.opts();
  const auto line = [&] { return command(r.args).to_string(); };
  if (r.reason == reason::timed_out || r.reason == reason::idle_timed_out) {
    const bool idle = r.reason == reason::idle_timed_out;
    const std::string text = (idle ? "no output for " : "timed out after ") +
                             in_seconds((idle ? o.idle_timeout : o.timeout).nanoseconds());
    const error_stage stage = hanging_start_ ? hanging_start_->stage() : error_stage::timeout;
    const std::string about = hanging_start_ ? hanging_start_->subject() : line();
    return error(error_kind::timed_out, stage, about, {}, text);
  }
  if (o.check && !r.accepted) {
    const std::string text = r.reason == reason::exited || r.reason == reason::signaled
                                 ? r.status.to_string()
                                 : std::string(to_string(r.reason));
    return error(error_kind::failed, error_stage::check, line(), {}, text);
  }
  return {};
}

}  // namespace brood::detail
