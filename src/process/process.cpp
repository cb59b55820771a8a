// brood::process: what the caller may do with a running command.
// SPDX-License-Identifier: Apache-2.0
#include <brood/process.hpp>

#include "base/make_error.hpp"
#include "process/block.hpp"
#include "process/process_impl.hpp"
#include "process/stop_mistakes.hpp"
#include "stream/text.hpp"
#include "sys/time.hpp"

namespace brood {

using detail::block;
using detail::deadline;
using detail::goal;
namespace sys = detail::sys;

namespace {

deadline until(duration limit, const char* what) {
  if (!limit.given()) return deadline::never();
  if (limit.not_a_number()) detail::bad_request(what, "not a number").raise();
  if (limit.nanoseconds() < 0) detail::bad_request(what, "negative").raise();
  return deadline::after(sys::now(), limit);
}

void check_sent(int r, int signal) {
  if (r < 0) detail::os_error(error_stage::signal, signal_name(signal), -r).raise();
}

}  // namespace

// --- the state ---

process::impl::impl(std::unique_ptr<detail::execution> started) : e(std::move(started)) {
  detail::plain_ends ends = e->lend();
  in_piped = ends.in && !e->spec().opts().input;
  out_piped = static_cast<bool>(ends.out);
  err_piped = static_cast<bool>(ends.err);
  in.fd_ = ends.in.release();
  out.fd_ = ends.out.release();
  err.fd_ = ends.err.release();
  out.read_at_ = err.read_at_ = &e->caller_read_at();
}

process::impl::~impl() { e->give_back({sys::fd(in.fd_), sys::fd(out.fd_), sys::fd(err.fd_)}); }

void process::impl::feed_input() {
  if (!e->spec().opts().input || in.fd_ < 0) return;
  e->feed_input(sys::fd(std::exchange(in.fd_, -1)));
}

void process::impl::hand_over(std::optional<std::string> more) {
  hand_over(sys::fd(std::exchange(in.fd_, -1)), std::move(more));
  handed_over = true;
}

void process::impl::hand_over_output() { hand_over({}, {}); }

void process::impl::hand_over(sys::fd to_stdin, std::optional<std::string> more) {
  detail::plain_ends lent{std::move(to_stdin), sys::fd(std::exchange(out.fd_, -1)),
                          sys::fd(std::exchange(err.fd_, -1))};
  const std::string ahead_out = std::exchange(out.buffer_, {}).substr(std::exchange(out.start_, 0));
  const std::string ahead_err = std::exchange(err.buffer_, {}).substr(std::exchange(err.start_, 0));
  e->hand_over(std::move(lent), std::move(more), {ahead_out, ahead_err});
}

bool process::impl::carry_on(goal g, deadline limit) {
  (void)e->woken();
  e->begin_wait();
  try {
    const bool reached = block(*e, g, limit);
    // What has ended has said all that it had to say, though others may hold its pipes.
    if (g == goal::settled && reached) e->take_what_is_there();
    e->end_wait();
    return reached;
  } catch (...) {  // a callback's: nobody wants the rest
    e->discard_output();
    if (!e->stopping()) e->stop(reason::cancelled);
    (void)block(*e, goal::stopped, deadline::never());
    throw;
  }
}

// --- the face ---

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

int process::pid() const noexcept { return impl_ ? impl_->e->pid() : -1; }

const std::vector<std::string>& process::args() const noexcept {
  static const std::vector<std::string> none;
  return impl_ ? impl_->e->spec().cmd().args() : none;
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

std::optional<exit_status> process::poll() { return impl_ ? impl_->e->poll() : std::nullopt; }

exit_status process::wait() { return wait_for({}).value_or(exit_status()); }

std::optional<exit_status> process::wait_for(duration timeout) {
  if (!impl_) return {};
  const deadline limit = until(timeout, "timeout");
  impl_->feed_input();
  const options& o = impl_->e->spec().opts();
  const bool lent = impl_->out.is_open() || impl_->err.is_open();
  const bool ours = o.on_line || o.on_chunk || (!lent && impl_->e->relays());
  if (ours) impl_->hand_over_output();
  if (!impl_->carry_on(ours ? goal::ended : goal::settled, limit) && !impl_->e->settled())
    return {};
  return impl_->e->status();
}

process::output process::communicate(std::optional<std::string> input, duration timeout) {
  const deadline limit = until(timeout, "timeout");
  if (!impl_) return {};
  if (input && impl_->handed_over) {
    detail::bad_request("input", "cannot be given again after a timeout").raise();
  }
  if (input && !impl_->in.is_open()) detail::bad_request("input", "stdin is not a PIPE").raise();
  const options& o = impl_->e->spec().opts();
  if (input && (o.text || !o.encoding.empty())) {
    input = detail::encode(*input, o.encoding.empty() ? "UTF-8" : o.encoding, o.errors).value();
  }
  impl_->hand_over(std::move(input));
  if (!impl_->carry_on(goal::ended, limit)) {
    error(error_kind::timed_out, error_stage::timeout, command(args()).to_string(), {}, "timed out")
        .with(impl_->e->so_far(reason::timed_out))
        .raise();
  }
  const expected<completed_process, error>& r = impl_->e->result();
  if (!r && r.error().kind() != error_kind::failed) r.error().raise();
  const completed_process& done = r ? *r : *r.error().result();
  if (done.reason == reason::output_limit) {
    error(error_kind::failed, error_stage::read, command(args()).to_string(), {},
          "more output than max_output allows")
        .with(done)
        .raise();
  }
  return {done.out, done.err};
}

completed_process process::finish() { return try_finish().value(); }

expected<completed_process, error> process::try_finish() {
  if (!impl_) return unexpected(detail::bad_request("process", "there is no command"));
  impl_->hand_over({});
  (void)impl_->carry_on(goal::ended, deadline::never());
  return impl_->e->result();
}

void process::send_signal(int signal) {
  detail::check_signal(signal);
  if (impl_) check_sent(impl_->e->signal(signal), signal);
}

void process::suspend() {
  if (impl_) check_sent(impl_->e->signal_all(SIGSTOP), SIGSTOP);
}

void process::resume() {
  if (impl_) check_sent(impl_->e->signal_all(SIGCONT), SIGCONT);
}

exit_status process::stop() {
  return impl_ ? impl_->stop(detail::flatten(impl_->e->spec().opts().stop)) : exit_status();
}

exit_status process::stop(const std::vector<stop_step>& ladder) {
  const detail::ladder_steps steps = detail::checked_ladder(ladder);
  return impl_ ? impl_->stop(steps) : exit_status();
}

exit_status process::impl::stop(const detail::ladder_steps& steps) {
  e->stop(reason::cancelled, steps);
  (void)block(*e, goal::stopped, deadline::never());
  return e->status();
}

void process::request_stop(std::vector<stop_step> ladder) {
  if (!impl_) return;
  impl_->e->stop(reason::cancelled, ladder.empty() ? detail::flatten(impl_->e->spec().opts().stop)
                                                   : detail::checked_ladder(ladder));
}

void process::detach() {
  if (impl_) impl_->e->release();
}

live_usage process::usage() const { return impl_ ? impl_->e->usage() : live_usage(); }

int process::native_handle() const noexcept { return impl_ ? impl_->e->event_fd() : -1; }

brood::containment process::containment() const noexcept {
  return impl_ ? impl_->e->facts().level : brood::containment::process;
}
brood::backend process::backend() const noexcept {
  return impl_ ? impl_->e->facts().back : brood::backend::native;
}

}  // namespace brood
