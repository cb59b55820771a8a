// run, spawn and their kin: the whole story in six steps.
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>

#include <cerrno>

#include <brood/process.hpp>
#include <brood/run.hpp>

#include "base/make_error.hpp"
#include "process/impl.hpp"
#include "run/resolve.hpp"
#include "run/streams.hpp"
#include "run/validate.hpp"
#include "spawn/make_plan.hpp"
#include "sys/time.hpp"

namespace brood {

// What is private to process, for the functions of this file.
struct process_access {
  using impl = process::impl;
  using holder = std::unique_ptr<impl>;

  static expected<holder, error> start(const command& cmd, const options& o);
  static expected<completed_process, error> run(const command& cmd, const options& o);
  static process wrap(holder i) { return process(i.release()); }

 private:
  static void keep(const options& o, std::int64_t now, impl& i);
  static expected<std::unique_ptr<detail::child>, error> launch(const options& o,
                                                                const detail::plan& p, impl& i);
};

namespace {

constexpr std::int64_t default_drain_grace = 100'000'000;
namespace sys = detail::sys;

std::int64_t after(std::int64_t now, duration d) {
  if (!d.given() || d.nanoseconds() > INT64_MAX - now) return INT64_MAX;
  return now + d.nanoseconds();
}

}  // namespace

void process_access::keep(const options& o, std::int64_t now, impl& i) {
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

expected<std::unique_ptr<detail::child>, error> process_access::launch(const options& o,
                                                                       const detail::plan& p,
                                                                       impl& i) {
  using reach = detail::targets::reach;
  if (o.contain == containment::sealed) {
    auto sealed = detail::start_sealed(p, i.steps);
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
  return detail::start_direct(p, r, leads);
}

expected<process_access::holder, error> process_access::start(const command& cmd,
                                                              const options& o) {
  const std::int64_t now = sys::now();
  if (auto mistake = detail::find_mistake(cmd, o)) return unexpected(std::move(*mistake));
  auto i = std::make_unique<impl>();
  auto request = detail::resolve(cmd, o, i->degraded);
  if (!request) return unexpected(request.error());
  keep(o, now, *i);
  auto ends = detail::open_streams(o, *request, *i);
  if (!ends) return unexpected(ends.error());
  i->back = request->portable ? backend::posix : backend::native;
  const detail::plan plan(std::move(*request));
  auto child = launch(o, plan, *i);
  if (!child) return unexpected(child.error());
  i->child = std::move(*child);
  i->args = cmd.args();
  return i;
}

namespace {

bool is_text(const options& o) { return o.text || !o.encoding.empty(); }

expected<std::string, error> encoded(const options& o) {
  return detail::encode(*o.input, o.encoding.empty() ? "UTF-8" : o.encoding, o.errors);
}

}  // namespace

expected<completed_process, error> process_access::run(const command& cmd, const options& o) {
  std::optional<std::string> bytes;
  if (o.input && is_text(o)) {
    if (auto mistake = detail::find_mistake(cmd, o)) return unexpected(std::move(*mistake));
    auto r = encoded(o);
    if (!r) return unexpected(r.error());
    bytes = std::move(*r);
  }
  auto started = start(cmd, o);
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
  return i.judged(i.result());
}

expected<completed_process, error> try_run(const command& cmd, const options& opts) {
  return process_access::run(cmd, opts);
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
  opts.check = true;
  return run(cmd, opts).out;
}

void check_call(const command& cmd, options opts) {
  opts.check = true;
  (void)run(cmd, opts);
}

expected<process, error> try_spawn(const command& cmd, options opts) {
  if (opts.input && is_text(opts)) {
    if (auto mistake = detail::find_mistake(cmd, opts)) return unexpected(std::move(*mistake));
    auto r = encoded(opts);
    if (!r) return unexpected(r.error());
    opts.input = std::move(*r);
  }
  auto started = process_access::start(cmd, opts);
  if (!started) return unexpected(started.error());
  (*started)->input = std::move(opts.input);
  return process_access::wrap(std::move(*started));
}

process spawn(const command& cmd, options opts) { return try_spawn(cmd, std::move(opts)).value(); }

}  // namespace brood
