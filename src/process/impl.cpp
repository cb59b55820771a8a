// The loop of a command's life: bytes, exit, limits and the stop, until the result.
// SPDX-License-Identifier: Apache-2.0
#include "process/impl.hpp"

#include <fcntl.h>
#include <signal.h>

#include <algorithm>

#include "base/make_error.hpp"
#include "sys/time.hpp"
#include "sys/wait.hpp"

namespace brood {

using detail::ladder_steps;
namespace sys = detail::sys;

namespace {

constexpr std::int64_t ms = 1'000'000;
constexpr std::int64_t default_grace = 5'000 * ms;
constexpr std::int64_t after_stop = 100 * ms;  // for what is still on its way in the pipes
constexpr std::int64_t first_pause = ms / 2;
constexpr std::int64_t longest_pause = 10 * ms;

std::int64_t add(std::int64_t at, std::int64_t span) {
  return span > INT64_MAX - at ? INT64_MAX : at + span;
}

}  // namespace

namespace detail {

ladder_steps flatten(const std::vector<stop_step>& steps) {
  ladder_steps l;
  for (const stop_step& s : steps) {
    const std::int64_t grace = s.grace.given() ? s.grace.nanoseconds() : default_grace;
    l.rungs[l.count++] = {s.signal, grace};
  }
  if (l.count == 0 || l.rungs[l.count - 1].signal != SIGKILL) l.rungs[l.count++] = {SIGKILL, 0};
  return l;
}

exit_status to_status(const sys::exit_record& r) noexcept {
  switch (r.how) {
    case CLD_EXITED:
      return exit_status::exited(r.value);
    case CLD_KILLED:
      return exit_status::signaled(r.value, false);
    case CLD_DUMPED:
      return exit_status::signaled(r.value, true);
    default:
      return {};
  }
}

}  // namespace detail

process::impl::~impl() {
  in.close();
  out.close();
  err.close();
  pump.close_all();
  if (!child || detached) return;
  {
    const std::lock_guard hold(lock);
    child->update();
  }
  const bool leftovers = child->sealed() && !child->stopped();
  if (!child->ended() || leftovers) stop_now(steps);
}

void process::impl::adopt(sys::fd to_stdin, sys::fd from_stdout, sys::fd from_stderr) {
  in.fd_ = to_stdin.release();
  out.fd_ = from_stdout.release();
  err.fd_ = from_stderr.release();
}

void process::impl::substitute(int number, sys::fd end) {
  played = true;
  int& ours = number == 0 ? in.fd_ : number == 1 ? out.fd_ : err.fd_;
  if (ours >= 0) {
    sys::close_fd(ours);
    ours = end.release();
    return;
  }
  for (detail::source& s : pump.sources()) {  // the pump's from the start: it has relays
    if ((s.which == output_stream::out ? 1 : 2) == number && s.end) s.end = std::move(end);
  }
}

// The first caller of finish() or communicate() gives the pipes to the pump, with what was read
// ahead by the readers.
void process::impl::hand_over(std::optional<std::string> more_input, const std::string* borrowed) {
  if (handed_over) return;
  handed_over = true;
  sys::fd stdin_end(std::exchange(in.fd_, -1));
  if (stdin_end) {
    if (borrowed) {
      pump.feed_borrowed(std::move(stdin_end), *borrowed);
    } else {
      std::string all = std::exchange(input, {}).value_or(std::string());
      if (more_input) all += *more_input;
      // A played command may be over before the pump has its first turn.
      if (played) {
        (void)sys::write_all(stdin_end.get(), all.data(), all.size());
        all.clear();
      }
      pump.feed(std::move(stdin_end), std::move(all));
    }
  }
  const auto give = [&](pipe_reader& r, output_stream which) {
    if (r.fd_ < 0) return;
    for (std::size_t i = 0; i < pump.sources().size(); ++i) {
      detail::source& s = pump.sources()[i];
      if (s.which != which) continue;
      s.end.reset(std::exchange(r.fd_, -1));
      const std::string ahead = std::exchange(r.buffer_, {});
      if (r.start_ < ahead.size()) pump.take_back(i, std::string_view(ahead).substr(r.start_));
    }
  };
  give(out, output_stream::out);
  give(err, output_stream::err);
}

void process::impl::make_wake() {
  const std::lock_guard hold(lock);
  if (!wake) (void)sys::make_event(wake);
}

void process::impl::begin_stop(brood::reason why, const ladder_steps& ladder) {
  child->update();
  if (!child->ended() && !child->stopping()) cause = why;
  child->begin_stop(ladder);
}

void process::impl::stop_now(const ladder_steps& ladder) {
  {
    const std::lock_guard hold(lock);
    begin_stop(reason::cancelled, ladder);
  }
  for (;;) {
    std::int64_t again = 0;
    int event = -1;
    {
      const std::lock_guard hold(lock);
      again = child->advance_stop(sys::now());
      if (child->stopped()) return;
      event = child->ended() && !child->sealed() ? -1 : child->event_fd();
    }
    (void)sys::poll_until(sys::wait_item::to_read(event),
                          detail::deadline::at(std::min(again, add(sys::now(), 50 * ms))));
  }
}

// The POSIX back end has no event for an exit. Whoever talks is looked at more often.
std::int64_t process::impl::next_pause(std::int64_t now) {
  if (pump.last_output() != output_before) pause = 0;
  output_before = pump.last_output();
  pause = pause == 0 ? first_pause : std::min(pause * 2, longest_pause);
  return now + pause;
}

process::impl::turn process::impl::look(bool news, bool enforce) {
  for (;;) {
    turn t;
    bool ended = false;
    bool stopping = false;
    bool stopped = false;
    const std::int64_t now = sys::now();
    {
      const std::lock_guard hold(lock);
      if (news) child->update();
      if (enforce && pump.exceeded() && !child->stopping()) {
        begin_stop(reason::output_limit, steps);
      }
      stopping = child->stopping();
      if (stopping && !child->stopped()) t.again = child->advance_stop(now);
      ended = child->ended();
      stopped = child->stopped();
      if ((!ended || stopping) && !stopped) t.event = child->event_fd();
    }
    const bool reading = pump.reading();
    if (stopping) {
      if (stopped && last_chance == INT64_MAX) last_chance = now + after_stop;
      if (stopped && reading && now >= last_chance) {
        complete = false;
        pump.drain_ready();
      }
      t.done = stopped && (!reading || !complete);
      t.again = std::min(t.again, last_chance);
    } else if (ended) {
      const std::int64_t silent_from = std::max(child->end().at, pump.last_output());
      std::int64_t limit = add(silent_from, drain_grace);
      if (enforce) limit = std::min(limit, deadline);
      if (reading && now >= limit) {
        complete = false;
        pump.drain_ready();
      }
      if (!reading || !complete) {
        t.done = !enforce || !child->sealed() || stopped;
        if (t.done) return t;
        const std::lock_guard hold(lock);  // sealed: nothing is left behind
        child->begin_stop(steps);
        continue;
      }
      t.again = std::min(t.again, limit);
    } else if (enforce) {
      const std::int64_t quiet = add(std::max(child->started_at(), pump.last_output()), idle);
      if (now >= deadline || now >= quiet) {
        const std::lock_guard hold(lock);
        begin_stop(now >= deadline ? reason::timed_out : reason::idle_timed_out, steps);
        continue;
      }
      t.again = std::min({t.again, deadline, quiet});
    }
    if (t.event < 0 && !ended && !t.done) t.again = std::min(t.again, next_pause(now));
    return t;
  }
}

process::impl::outcome process::impl::go_on(std::int64_t until, bool enforce) {
  // A command with pipes has hardly ended as soon as it was started: that is not asked first.
  bool news = !pump.reading();
  std::vector<sys::wait_item> items;
  for (;;) {
    const turn t = look(news, enforce);
    if (t.done) return outcome::done;
    if (until != INT64_MAX && sys::now() >= until) return outcome::expired;
    items.assign({sys::wait_item::to_read(t.event), sys::wait_item::to_read(wake.get())});
    pump.wants(items);
    const int r = sys::poll_until(items, detail::deadline::at(std::min(t.again, until)));
    if (r < 0 && r != -EAGAIN && r != -ENOMEM) {
      pump.fail(detail::os_error(error_stage::wait, "poll", -r));
    }
    if (items[1].ready.in) sys::clear_event(wake.get());
    if (r > 0) pump.serve(items);
    news = r <= 0 || items[0].ready.in || t.event < 0;
  }
}

std::optional<exit_status> process::impl::wait_until(std::int64_t until) {
  make_wake();
  // Without a limit the event will say so; before that nothing need be asked.
  for (bool news = until != INT64_MAX;; news = true) {
    int event = -1;
    std::int64_t again = until;
    {
      const std::lock_guard hold(lock);
      if (news || child->event_fd() < 0) child->update();
      if (child->stopping() && !child->stopped()) {
        again = std::min(again, child->advance_stop(sys::now()));
      }
      if (child->ended()) return status();
      event = child->event_fd();
    }
    const std::int64_t now = sys::now();
    if (now >= until) return {};
    if (event < 0) again = std::min(again, next_pause(now));
    sys::wait_item p[2] = {sys::wait_item::to_read(event), sys::wait_item::to_read(wake.get())};
    (void)sys::poll_until(p, detail::deadline::at(again));
    if (p[1].ready.in) sys::clear_event(wake.get());
  }
}

exit_status process::impl::status() const { return detail::to_status(child->end().record); }

brood::reason process::impl::reason_of_end() const {
  const sys::exit_record& r = child->end().record;
  const exit_status s = status();
  if (cause != reason::not_started) return cause;
  if (pump.exceeded()) return reason::output_limit;  // it was faster than we could stop it
  if (!s.signal()) return reason::exited;
  const duration cpu = limits.cpu_time;
  if (cpu.given() && *s.signal() == SIGXCPU) return reason::cpu_limit;
  if (cpu.given() && *s.signal() == SIGKILL && r.user_ns + r.system_ns >= cpu.nanoseconds()) {
    return reason::cpu_limit;
  }
  if (limits.file_size && *s.signal() == SIGXFSZ) return reason::file_size_limit;
  return reason::signaled;
}

completed_process process::impl::result() {
  completed_process r;
  r.args = args;
  r.pid = child->pid();
  r.status = status();
  r.reason = reason_of_end();
  r.complete = complete;
  r.containment = contain;
  r.backend = back;
  r.degraded = degraded;
  const detail::ending& end = child->end();
  r.usage.wall = std::chrono::nanoseconds(end.at - child->started_at());
  r.usage.user = std::chrono::nanoseconds(end.record.user_ns);
  r.usage.system = std::chrono::nanoseconds(end.record.system_ns);
  r.usage.max_rss_bytes = end.record.max_rss_bytes;
  r.usage.minor_faults = end.record.minor_faults;
  r.usage.major_faults = end.record.major_faults;
  r.usage.blocks_in = end.record.blocks_in;
  r.usage.blocks_out = end.record.blocks_out;
  r.usage.voluntary_switches = end.record.voluntary_switches;
  r.usage.involuntary_switches = end.record.involuntary_switches;
  for (detail::source& s : pump.sources()) {
    const bool is_out = s.which == output_stream::out;
    (is_out ? r.out_omitted : r.err_omitted) = s.kept.omitted();
    (is_out ? r.out : r.err) = s.kept.take();
  }
  const std::optional<int> code = r.status.code();
  r.accepted =
      r.reason == reason::exited && code &&
      (ok_codes.empty() ? *code == 0
                        : std::find(ok_codes.begin(), ok_codes.end(), *code) != ok_codes.end());
  return r;
}

}  // namespace brood
