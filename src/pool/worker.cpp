// Starting a worker with its channel, and its end.
// SPDX-License-Identifier: Apache-2.0
#include "pool/worker.hpp"

#include <algorithm>
#include <chrono>

#include "base/make_error.hpp"
#include "pool/descriptors.hpp"
#include "pool/worker_engine.hpp"
#include "process/access.hpp"
#include "sys/time.hpp"

namespace brood::detail {

namespace {

/// Both sides of a new channel.
struct channel_ends {
  sys::fd to_worker;  // not for a socket
  sys::fd from_worker;
  sys::fd their_in;
  sys::fd their_out;  // not for a socket
};

expected<channel_ends, error> open_channel(worker_channel kind) {
  channel_ends c;
  int r = 0;
  if (kind == worker_channel::socket) {
    r = sys::make_stream_pair(c.from_worker, c.their_in);
  } else {
    r = sys::make_pipe(c.their_in, c.to_worker);
    if (r >= 0) r = sys::make_pipe(c.from_worker, c.their_out);
  }
  // In a blocking read the pool's thread would wait for one worker alone.
  if (r >= 0) r = sys::set_nonblocking(c.from_worker.get());
  if (r >= 0 && c.to_worker) r = sys::set_nonblocking(c.to_worker.get());
  if (r < 0) return unexpected(os_error(error_stage::pipe, "channel", -r));
  return c;
}

options options_for(const worker_options& w, const channel_ends& c) {
  options o = w.process;
  if (w.channel == worker_channel::socket) {
    const int number = free_number(o);
    o.map_fds.push_back({c.their_in.get(), number});
    o.env.set("BROOD_WORKER_FD", std::to_string(number));
  } else {
    o.in = fd(c.their_in.get());
    o.out = fd(c.their_out.get());
  }
  if (w.stderr_tail > 0 && o.err.what() == stdio::kind::inherit) o.err = PIPE;
  o.max_output = {std::max<std::uint64_t>(1, w.stderr_tail), overflow::keep_tail};
  // Whoever holds a dead worker's stderr does not hold us.
  if (!o.drain_grace.given()) o.drain_grace = std::chrono::milliseconds(100);
  return o;
}

}  // namespace

worker::~worker() { engine_.loop().forget(*this); }

expected<void, error> worker::start(const worker_core& core) {
  auto ends = open_channel(core.opts.channel);
  if (!ends) return unexpected(ends.error());
  if (const int r = sys::make_event(gone); r < 0) {
    return unexpected(os_error(error_stage::wait, "worker", -r));
  }
  auto started = try_spawn(core.cmd, options_for(core.opts, *ends));
  if (!started) return unexpected(started.error());
  pid = started->pid();
  started_at = sys::now();
  line.emplace(core.opts.framing, core.opts.max_frame, std::move(ends->to_worker),
               std::move(ends->from_worker));
  air_ = std::make_unique<flight>(engine_.loop(), std::move(*started), *this);
  return {};
}

void worker::stop(reason why) {
  engine_.loop().forget(*this);
  deadline = INT64_MAX;
  if (!stopped_ && air_) {
    stopped_ = true;
    air_->stop(why);
  }
  line->close();  // only now: many a worker exits at once
}

completed_process worker::so_far(reason why) {
  if (end) return *end;
  completed_process r;
  process::impl& i = process_access::of(air_->of());
  r.args = i.args;
  r.pid = pid;
  r.reason = why;
  r.complete = false;
  r.containment = i.contain;
  r.backend = i.back;
  for (const source& s : i.pump.sources()) {
    (s.which == output_stream::out ? r.out : r.err) = s.kept.so_far();
  }
  return r;
}

void worker::proceed() { engine_.look_at(*this); }

void worker::landed(flight& f) {
  const std::unique_ptr<flight> over = std::move(air_);
  auto r = f.result();
  if (r) {
    end = std::move(*r);
  } else if (r.error().result()) {
    end = *r.error().result();
  } else {
    end.emplace();
  }
  engine_.ended(*this);
}

}  // namespace brood::detail
