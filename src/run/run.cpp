// run, spawn and their kin: the whole story in six steps.
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>

#include <cerrno>

#include <brood/process.hpp>
#include <brood/run.hpp>

#include "base/make_error.hpp"
#include "base/retry.hpp"
#include "process/access.hpp"
#include "process/spawn_resources.hpp"
#include "process/understudy.hpp"
#include "run/resolve.hpp"
#include "run/spawn_in.hpp"
#include "run/streams.hpp"
#include "run/validate.hpp"
#include "spawn/launch.hpp"
#include "spawn/plan.hpp"
#include "sys/time.hpp"
#include "sys/wait.hpp"

namespace brood {

namespace {

constexpr std::int64_t default_drain_grace = 100'000'000;
namespace sys = detail::sys;
using impl = process::impl;
using holder = std::unique_ptr<impl>;

std::int64_t after(std::int64_t now, duration d) {
  if (!d.given() || d.nanoseconds() > INT64_MAX - now) return INT64_MAX;
  return now + d.nanoseconds();
}

void keep(const options& o, std::int64_t now, impl& i) {
  i.check = o.check;
  i.ok_codes = o.ok_codes;
  i.limits = o.limits;
  i.timeout = o.timeout;
  i.idle_timeout = o.idle_timeout;
  i.contain = o.contain;
  i.steps = detail::flatten(o.stop);
  i.deadline = after(now, o.timeout);
  i.idle = o.idle_timeout.given() ? o.idle_timeout.nanoseconds() : INT64_MAX;
  if (o.drain_grace.given()) {
    i.drain_grace = o.drain_grace.nanoseconds();
  } else if (o.contain != containment::process) {
    i.drain_grace = default_drain_grace;
  }
  if (o.on_line) i.pump.on_line(o.on_line);
  if (o.on_chunk) i.pump.on_chunk(o.on_chunk);
}

expected<std::unique_ptr<detail::child>, error> launch(const options& o,
                                                       const std::shared_ptr<const detail::plan>& p,
                                                       impl& i,
                                                       detail::spawn_resources* resources) {
  using reach = detail::targets::reach;
  if (o.contain == containment::sealed) {
    auto sealed = detail::start_sealed(*p, i.steps, resources ? &resources->guardians : nullptr);
    // Who has a resources has other things to do meanwhile; but not if tree may be needed instead.
    if (sealed && (!resources || o.best_effort)) {
      if (auto e = detail::settle_start(**sealed, *p)) sealed = unexpected(std::move(*e));
    }
    const bool unguarded = !sealed && sealed.error().stage() == error_stage::guard;
    if (!unguarded || !o.best_effort) return sealed;
    i.degraded.push_back(std::string("contain: tree instead of sealed: ") + sealed.error().what());
    i.contain = containment::tree;
  }
  const reach r = i.contain == containment::process ? reach::process
                  : i.contain == containment::group ? reach::group
                                                    : reach::tree;
  const bool leads = o.new_session || (o.process_group && *o.process_group == 0) ||
                     o.contain == containment::group;
  return detail::start_direct(p, r, leads, resources ? &resources->stacks : nullptr);
}

/// \param plan  made here. Needed until the child does not start any more.
expected<holder, error> start(const command& cmd, const options& o,
                              std::shared_ptr<const detail::plan>& plan,
                              detail::spawn_resources* resources = nullptr) {
  const std::int64_t now = sys::now();
  if (auto mistake = detail::find_mistake(cmd, o)) return unexpected(std::move(*mistake));
  auto i = std::make_unique<impl>();
  auto request = detail::resolve(cmd, o, i->degraded);
  if (!request) return unexpected(request.error());
  keep(o, now, *i);
  auto ends = detail::open_streams(o, *request, *i);
  if (!ends) return unexpected(ends.error());
  if (detail::on_call.load(std::memory_order_acquire)) {
    auto played = detail::ask_understudy({cmd, o, *request, *i});
    if (!played) return unexpected(played.error());
    i->child = std::move(*played);
    i->args = cmd.args();
    if (i->child) return i;
  }
  i->back = detail::launches_natively(request->portable) ? backend::native : backend::posix;
  plan = std::make_shared<const detail::plan>(std::move(*request));
  auto child = launch(o, plan, *i, resources);
  if (!child) return unexpected(child.error());
  i->child = std::move(*child);
  i->args = cmd.args();
  return i;
}

bool is_text(const options& o) { return o.text || !o.encoding.empty(); }

expected<std::string, error> encoded(const options& o) {
  return detail::encode(*o.input, o.encoding.empty() ? "UTF-8" : o.encoding, o.errors);
}

}  // namespace

namespace {

expected<completed_process, error> run_once(const command& cmd, const options& o) {
  std::optional<std::string> bytes;
  if (o.input && is_text(o)) {
    if (auto mistake = detail::find_mistake(cmd, o)) return unexpected(std::move(*mistake));
    auto r = encoded(o);
    if (!r) return unexpected(r.error());
    bytes = std::move(*r);
  }
  std::shared_ptr<const detail::plan> plan;
  auto started = start(cmd, o, plan);
  if (!started) return unexpected(started.error());
  impl& i = **started;
  static const std::string nothing;
  i.hand_over({}, bytes ? &*bytes : o.input ? &*o.input : &nothing);
  const bool simple = !i.pump.reading() && !i.pump.feeding() && i.deadline == INT64_MAX;
  if (simple) i.child->wait();
  try {
    (void)i.go_on(INT64_MAX, true);
  } catch (...) {
    i.pump.close_all();
    i.stop_now(i.steps);
    throw;
  }
  return i.check_result(i.result());
}

expected<completed_process, error> run_again_and_again(const command& cmd, options o) {
  const retry_policy policy = std::exchange(o.retry, {});
  const std::int64_t start = sys::now();
  retry_schedule schedule(policy, start, static_cast<std::uint64_t>(start));
  std::vector<completed_process> before;
  for (;;) {
    detail::number_attempt(o.env, schedule.attempt());
    auto r = run_once(cmd, o);
    const bool again = r ? should_retry(policy, *r) : should_retry(policy, r.error());
    const std::optional<std::int64_t> at =
        again ? schedule.next(sys::now()) : std::optional<std::int64_t>();
    if (!at) return detail::with_attempts(std::move(r), std::move(before));
    before.push_back(detail::as_attempt(std::move(r), cmd.args()));
    sys::sleep_until(detail::deadline::at(*at));
  }
}

}  // namespace

expected<completed_process, error> try_run(const command& cmd, const options& o) {
  if (auto mistake = detail::find_mistake(o.retry)) return unexpected(std::move(*mistake));
  return o.retry.attempts > 1 ? run_again_and_again(cmd, o) : run_once(cmd, o);
}

std::optional<error> find_mistake(const command& cmd, const options& opts) {
  if (auto mistake = detail::find_mistake(cmd, opts)) return mistake;
  std::vector<std::string> degraded;
  auto request = detail::resolve(cmd, opts, degraded);
  if (!request) return std::move(request.error());
  return {};
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

expected<process, error> detail::try_spawn_in(spawn_resources* resources, const command& cmd,
                                              options opts) {
  if (opts.retry.attempts != 1) {
    return unexpected(detail::bad_request("retry", "spawn starts once: use run or a pool"));
  }
  if (opts.input && is_text(opts)) {
    if (auto mistake = detail::find_mistake(cmd, opts)) return unexpected(std::move(*mistake));
    auto r = encoded(opts);
    if (!r) return unexpected(r.error());
    opts.input = std::move(*r);
  }
  auto order = std::make_unique<start_order>();
  order->opts = std::move(opts);
  auto started = start(cmd, order->opts, order->what, resources);
  if (!started) return unexpected(started.error());
  (*started)->input = std::move(order->opts.input);
  if (resources) (*started)->order = std::move(order);
  return process_access::wrap(std::move(*started));
}

int detail::start_event(const process& p) {
  const impl& i = process_access::of(p);
  return i.child->starting() && i.child->pid() < 0 ? i.child->event_fd() : -1;
}

std::optional<error> detail::settle_start(process& p) {
  impl& i = process_access::of(p);
  const std::unique_ptr<start_order> order = std::move(i.order);
  return order ? settle_start(*i.child, *order->what) : std::nullopt;
}

bool detail::has_started(process& p) {
  impl& i = process_access::of(p);
  if (i.child->starting()) return false;
  i.child->await_start();
  if (i.child->refusal().os != 0) return false;
  i.order.reset();
  return true;
}

expected<process, error> try_spawn(const command& cmd, options opts) {
  return detail::try_spawn_in(nullptr, cmd, std::move(opts));
}

process spawn(const command& cmd, options opts) { return try_spawn(cmd, std::move(opts)).value(); }

}  // namespace brood
