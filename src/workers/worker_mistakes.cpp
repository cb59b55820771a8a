// Finding mistakes in what a worker pool is to be made of.
// SPDX-License-Identifier: Apache-2.0
#include "base/make_error.hpp"
#include "executor/validate.hpp"
#include "workers/worker_core.hpp"

namespace brood::detail {

namespace {

using mistake = std::optional<error>;
using kind = stdio::kind;

mistake in_limit(duration d, const char* name, bool zero_allowed = false) {
  if (!d.given()) return {};
  if (d.not_a_number()) return bad_request(name, "not a number");
  if (d.nanoseconds() < 0) return bad_request(name, "must not be negative");
  if (d.nanoseconds() == 0 && !zero_allowed) return bad_request(name, "must be more than 0");
  return {};
}

mistake in_limits(const worker_options& o) {
  if (auto m = in_limit(o.idle_timeout, "idle_timeout")) return m;
  if (auto m = in_limit(o.start_timeout, "start_timeout")) return m;
  if (auto m = in_limit(o.timeout, "timeout")) return m;
  if (auto m = in_limit(o.max_age, "max_age")) return m;
  if (auto m = in_limit(o.close_grace, "close_grace", true)) return m;
  if (o.start_timeout.given() && !o.ready) return bad_request("start_timeout", "it needs ready");
  if (o.max_frame == 0) return bad_request("max_frame", "must be more than 0");
  const auto has_newline = [](const std::optional<std::string>& s) {
    return s && s->find('\n') != s->npos;
  };
  if (o.framing == worker_framing::lines && (has_newline(o.hello) || has_newline(o.ready))) {
    return bad_request("hello", "hello and ready are lines: no newline may be in them");
  }
  return {};
}

mistake in_size(const worker_options& o) {
  const auto most = o.max_workers.resolve();
  if (!most) return most.error();
  if (o.min_workers < 0) return bad_request("min_workers", "must not be negative");
  if (o.min_workers > *most) {
    return bad_request("min_workers", "must be at most max_workers, " + std::to_string(*most));
  }
  return {};
}

mistake in_streams(const worker_options& o) {
  const options& p = o.process;
  if (p.input || p.capture_output || p.max_output.bytes != UINT64_MAX) {
    return bad_request("process", "input, capture_output and max_output are the pool's");
  }
  if (p.in.what() == kind::pipe || p.out.what() == kind::pipe) {
    return bad_request("process", "in and out cannot be PIPE: nobody would be at the other end");
  }
  if (p.err.what() == kind::pipe && o.stderr_tail == 0) {
    return bad_request("process", "err is PIPE, and stderr_tail keeps nothing");
  }
  if (o.channel != worker_channel::stdio) return {};
  if (p.in.what() != kind::inherit || p.out.what() != kind::inherit) {
    return bad_request("process", "in and out are the channel");
  }
  if (p.err.what() == kind::merge_stdout) {
    return bad_request("process", "err is STDOUT, which is the channel");
  }
  return {};
}

mistake in_process(const worker_options& o) {
  const options& p = o.process;
  if (p.timeout.given() || p.idle_timeout.given()) {
    return bad_request("process", "timeout and idle_timeout are the pool's, of each request");
  }
  if (p.check || !p.ok_codes.empty() || p.retry.attempts != 1) {
    return bad_request("process", "check, ok_codes and retry say nothing about workers");
  }
  return in_streams(o);
}

}  // namespace

std::optional<error> find_mistake(const command& cmd, const worker_options& o) {
  if (auto m = in_size(o)) return m;
  if (auto m = in_limits(o)) return m;
  if (auto m = in_process(o)) return m;
  return find_mistake(cmd, o.process);
}

}  // namespace brood::detail
