// run, spawn and their kin: the whole story of a command.
// SPDX-License-Identifier: Apache-2.0
#include <brood/process.hpp>
#include <brood/run.hpp>

#include "base/attempts.hpp"
#include "base/make_error.hpp"
#include "base/retry.hpp"
#include "executor/executor.hpp"
#include "executor/resolve.hpp"
#include "executor/validate.hpp"
#include "process/block.hpp"
#include "process/process_impl.hpp"
#include "sys/time.hpp"

namespace brood {

namespace sys = detail::sys;
using detail::deadline;
using detail::goal;

namespace {

expected<completed_process, error> finish(
    expected<std::unique_ptr<detail::execution>, error> started) {
  if (!started) return unexpected(std::move(started.error()));
  detail::execution& e = **started;
  e.hand_over();
  if (e.is_simple()) e.wait_for_exit();
  try {
    (void)block(e, goal::ended, deadline::never());
  } catch (...) {  // a callback's: nobody wants the rest
    e.discard_output();
    if (!e.stopping()) e.stop(reason::cancelled);
    (void)block(e, goal::stopped, deadline::never());
    throw;
  }
  return e.take_result();
}

}  // namespace

expected<completed_process, error> try_run(const command& cmd, const options& o) {
  if (auto mistake = detail::find_mistake(o.retry)) return unexpected(std::move(*mistake));
  const std::int64_t start = sys::now();
  detail::attempts all(o.retry, start, static_cast<std::uint64_t>(start));
  const auto attempt = [&] {
    const auto spec = detail::execution_spec::borrow(cmd, o, all.number());
    return finish(detail::executor_in_force().start(spec));
  };
  expected<completed_process, error> r = attempt();
  while (const auto next = all.ended(r, cmd.args(), sys::now())) {
    sys::sleep_until(*next);
    r = attempt();
  }
  all.finish(r);
  return r;
}

std::optional<error> find_mistake(const command& cmd, const options& opts) {
  if (auto mistake = detail::find_mistake(cmd, opts)) return mistake;
  detail::resolved_spec unused;
  return detail::resolve(detail::execution_spec::borrow(cmd, opts), opts.contain, unused);
}

completed_process run(const command& cmd, const options& opts) {
  return try_run(cmd, opts).value();
}

std::string check_output(const command& cmd, options opts) {
  if (opts.out.what() == stdio::kind::inherit) opts.out = PIPE;
  if (opts.out.what() != stdio::kind::pipe && opts.out.what() != stdio::kind::tee) {
    detail::bad_request("out", "check_output returns stdout: it cannot go elsewhere").raise();
  }
  // There is no result to say that output was given up on.
  if (!opts.drain_grace.given()) opts.drain_grace = duration::infinite();
  opts.check = true;
  completed_process r = run(cmd, opts);
  if (!r.complete) {
    error(error_kind::failed, error_stage::check, command(r.args).to_string(), {},
          "its output is not complete: somebody else holds the pipe")
        .with(std::move(r))
        .raise();
  }
  return std::move(r.out);
}

void check_call(const command& cmd, options opts) {
  opts.check = true;
  (void)run(cmd, opts);
}

expected<process, error> try_spawn(const command& cmd, options opts) {
  if (opts.retry.attempts != 1) {
    return unexpected(detail::bad_request("retry", "spawn starts once: use run or a pool"));
  }
  auto started = detail::executor_in_force().start(
      {std::make_shared<const command>(cmd), std::make_shared<const options>(std::move(opts))});
  if (!started) return unexpected(started.error());
  return process_access::wrap(std::move(*started));
}

process spawn(const command& cmd, options opts) { return try_spawn(cmd, std::move(opts)).value(); }

}  // namespace brood
