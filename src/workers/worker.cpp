// Starting a worker with its channel, and its end.
// SPDX-License-Identifier: Apache-2.0
#include "workers/worker.hpp"

#include <algorithm>
#include <chrono>

#include "base/make_error.hpp"
#include "executor/executor.hpp"
#include "schedule/descriptors.hpp"
#include "sys/time.hpp"
#include "workers/worker_engine.hpp"

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
  auto started =
      executor_in_force().start({std::make_shared<const command>(core.cmd),
                                 std::make_shared<const options>(options_for(core.opts, *ends))});
  if (!started) return unexpected(started.error());
  pid = (*started)->pid();
  started_at = sys::now();
  line.emplace(core.opts.framing, core.opts.max_frame, std::move(ends->to_worker),
               std::move(ends->from_worker));
  process_ = std::make_unique<process_task>(engine_.loop(), std::move(*started), *this);
  return {};
}

void worker::stop(reason why) {
  engine_.loop().forget(*this);
  deadline = INT64_MAX;
  if (!stopped_ && process_) {
    stopped_ = true;
    process_->stop(why);
  }
  line->close();  // only now: many a worker exits at once
}

completed_process worker::so_far(reason why) { return end ? *end : process_->of().so_far(why); }

void worker::proceed() { engine_.look_at(*this); }

void worker::on_exit(process_task& t) {
  const std::unique_ptr<process_task> over = std::move(process_);
  auto r = t.take_result();
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
