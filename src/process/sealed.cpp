// A command below a guardian.
// SPDX-License-Identifier: Apache-2.0
#include <poll.h>
#include <signal.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <span>

#include "base/make_error.hpp"
#include "process/child.hpp"
#include "process/guardian_image.hpp"
#include "process/guardian_pool.hpp"
#include "process/protocol.hpp"
#include "process/remapped_plan.hpp"
#include "spawn/launch.hpp"
#include "spawn/pack.hpp"
#include "spawn/step_table.hpp"
#include "sys/fd.hpp"
#include "sys/proc.hpp"
#include "sys/time.hpp"
#include "sys/wait.hpp"

namespace brood::detail {

namespace {

constexpr std::int64_t say_again = 1'000'000;

class sealed_child final : public child {
 public:
  sealed_child(guardian_handle g, guardian_pool* idle) noexcept
      : guardian_(std::move(g)), idle_(idle) {}

  ~sealed_child() override {
    if (stays_) {
      idle_->put(std::move(guardian_));
    } else {
      guardian_.end();  // it stops what is left, if anything is, and exits
    }
  }

  // Hand over the plan and the descriptors that it knows as `first` and those after it. 0 or the
  // negative errno.
  int order(const plan_view& view, std::vector<int> sources, int first, const ladder_steps& steps) {
    constexpr std::size_t most = sys::packet::most;
    while (sources.size() > most) {  // from the end, so that `first` stays right
      const std::size_t left = (sources.size() - 1) / most * most;
      request message{.kind = request::what::pass, .n = static_cast<std::uint64_t>(first) + left};
      if (const int r = send_request(message, {sources.begin() + left, sources.end()}); r < 0)
        return r;
      sources.resize(left);
    }
    std::string bytes = pack(view);
    request message{.kind = request::what::launch,
                    .stay = idle_ != nullptr,
                    .first = first,
                    .n = bytes.size(),
                    .steps = steps};
    std::size_t at = std::min(plan_piece, bytes.size());
    int r = send_request(message, sources, {bytes.data(), at});
    for (; r >= 0 && at < bytes.size(); at += plan_piece) {
      r = sys::send_packet(channel(), bytes.data() + at, std::min(plan_piece, bytes.size() - at));
    }
    return r;
  }

  bool starting() const noexcept override { return starting_; }
  const child_error& refusal() const noexcept override { return refusal_; }

  void await_start() noexcept override {
    if (starting_) receive_start(sys::patience::endless);
  }

  int event_fd() const noexcept override {
    return empty_ ? -1 : starting_ && guardian_.wakeup ? guardian_.wakeup.get() : channel();
  }
  bool sealed() const noexcept override { return true; }

  void update() noexcept override {
    if (starting_) receive_start(sys::patience::none);
    while (!starting_ && !empty_ && receive(sys::patience::none)) {
    }
  }

  void wait() noexcept override {
    await_start();
    while (!ended_) (void)receive(sys::patience::endless);
  }

  int send(int signal, bool all) noexcept override {
    if (empty_ || (ended_ && !all)) return 0;
    return send_request({.kind = all ? request::what::signal_all : request::what::signal,
                         .n = static_cast<std::uint64_t>(signal)});
  }

  void begin_stop(const ladder_steps& steps) noexcept override {
    stopping_ = true;
    pending_stop_ = {.kind = request::what::stop, .steps = steps};
    send_stop();
  }
  bool stopping() const noexcept override { return stopping_; }
  bool stopped() const noexcept override { return empty_; }
  std::int64_t advance_stop(std::int64_t now) noexcept override {
    update();
    if (!empty_) send_stop();
    return pending_stop_ ? now + say_again : INT64_MAX;  // said: the channel is the event
  }

  void release() noexcept override {
    released_ = send_request({.kind = request::what::release}) >= 0;
    if (released_) guardian_.reap();
  }

 private:
  int send_request(const request& a) noexcept {
    const int r = sys::send_packet(channel(), &a, sizeof a);
    return r == -EPIPE || r == -ECONNRESET ? 0 : r;  // it has just ended: nobody is left to hear
  }

  // With descriptors and a piece of a plan.
  int send_request(request& a, const std::vector<int>& along, std::span<char> piece = {}) noexcept {
    sys::packet p{
        .head = &a, .head_size = sizeof a, .body = piece.data(), .body_size = piece.size()};
    for (const int number : along) p.fds[p.fd_count++] = number;
    return sys::send_packet(channel(), p);
  }

  void receive_start(sys::patience how_long) noexcept {
    if (guardian_.wakeup) drain_wakeup();
    reply a{};
    const ssize_t n = sys::receive_packet(channel(), &a, sizeof a, &pidfd_, how_long);
    if (n == -EAGAIN && how_long == sys::patience::none) return;
    starting_ = false;
    if (n == static_cast<ssize_t>(sizeof a) && a.kind == reply::what::started) {
      pid_ = a.pid;
      started_at_ = a.at;
      if (guardian_.wakeup) (void)receive(sys::patience::none);  // perhaps it rang for the end
      return;
    }
    refusal_ = n < 0 ? child_error{error_stage::guard, static_cast<int>(-n), 0}
               : n != static_cast<ssize_t>(sizeof a) ? child_error{error_stage::guard, EPIPE, 0}
                                                     : a.error;
    ended_ = empty_ = true;
  }

  void drain_wakeup() noexcept {
    char rings[4];
    (void)sys::read_some(guardian_.wakeup.get(), rings, sizeof rings);
  }

  // A shortage of memory must not make a stop get lost.
  void send_stop() noexcept {
    if (pending_stop_ && (empty_ || send_request(*pending_stop_) >= 0)) pending_stop_.reset();
  }

  // False if there was nothing to hear, or a shortage of ours: asked again.
  bool receive(sys::patience how_long) noexcept {
    reply a{};
    const ssize_t n = sys::receive_packet(channel(), &a, sizeof a, nullptr, how_long);
    if (n < 0 && n != -ECONNRESET) return false;
    if (n != static_cast<ssize_t>(sizeof a)) {
      lost();
      return true;
    }
    if (a.kind == reply::what::exited) {
      ended_ = true;
      end_ = {a.record, a.at};
    }
    empty_ = a.empty;
    stays_ = a.stays && idle_;
    if (empty_ && !stays_) guardian_.reap();  // it exits after having said this
    return true;
  }

  // Somebody killed the guardian. Its children are orphans now; the command is still known by its
  // pidfd, and what is below it can be found from there.
  void lost() noexcept {
    targets rest(targets::reach::tree, pid_, pidfd_.get(), false);
    ladder_steps kill;
    kill.rungs[0] = {SIGKILL, 0};
    kill.count = 1;
    ladder down;
    down.start(kill);
    while (!down.done()) {
      if (is_over()) rest.root_ended();
      const std::int64_t again = down.tick(rest, sys::now());
      if (!down.done()) sys::sleep_until(deadline::at(again));
    }
    if (!ended_) {
      ended_ = true;
      end_.at = sys::now();
      if (sys::exit_after_reap(pidfd_.get(), end_.record) < 0) {
        end_.record.how = CLD_KILLED;
        end_.record.value = SIGKILL;
      }
    }
    empty_ = true;
  }

  bool is_over() const noexcept {
    if (!pidfd_) {  // by number: not once it may be somebody else's
      sys::process_stat s;
      return ended_ || !sys::read_stat(pid_, s) || s.state == 'Z';
    }
    pollfd p{pidfd_.get(), POLLIN, 0};
    return ::poll(&p, 1, 0) > 0;
  }

  int channel() const noexcept { return guardian_.channel.get(); }

  guardian_handle guardian_;
  guardian_pool* idle_;
  bool starting_ = true;  // until the guardian has answered
  child_error refusal_{};
  bool stays_ = false;  // the guardian waits for another command
  sys::fd pidfd_;       // the command's; only to find it should the guardian be killed
  bool empty_ = false;
  bool stopping_ = false;
  std::optional<request> pending_stop_;  // a stop that could not be sent yet
  bool released_ = false;
};

// The guardian inherits, under their own numbers, the descriptors that the plan moves or keeps.
void inherit_sources(const plan_view& inner, spawn_spec& r) {
  r.close_fds = inner.close_fds;
  for_each_source(inner, [&](int number) { r.keep.push_back(number); });
}

child_handle launch_guardian(spawn_spec r) {
  const sys::fd image(guardian_file());
  if (!image) r.programs = {guardian_path()};
  const plan outer(std::move(r));
  plan_view view = outer.view();
  if (image) view.program_fd = image.get();
  child_handle l = launch(view);
  if (l.error.os != 0 && image) {  // memfds may not be executed here: the installed file may
    view.program_fd = -1;
    const char* const installed[] = {guardian_path(), nullptr};
    view.programs = installed;
    l = launch(view);
  }
  // Why there is no image is the reason, not that the file in its place is not installed.
  if (!image && l.error.os == ENOENT) l.error.os = -image.get();
  return l;
}

/// \param inner  whose descriptors it inherits; null: none, they will be passed, and as it is one
/// of several, it rings.
expected<guardian_handle, error> start_guardian(const plan_view* inner, bool portable) {
  guardian_handle g;
  sys::fd theirs;
  sys::fd their_wakeup;
  int made = sys::make_channel(g.channel, theirs);
  if (made >= 0 && !inner) made = sys::make_pipe(g.wakeup, their_wakeup);
  if (made >= 0 && !inner) made = sys::set_nonblocking(g.wakeup.get());
  if (made < 0) return unexpected(os_error(error_stage::guard, "guardian", -made));
  spawn_spec r;
  r.program = "brood-guardian";
  r.args = {"brood-guardian", std::to_string(theirs.get())};
  if (their_wakeup) r.args.push_back(std::to_string(their_wakeup.get()));
  r.inherit_env = true;  // so that a mark in the environment finds it, as it finds the command
  r.close_fds = true;
  r.portable = portable;
  r.keep.push_back(theirs.get());
  if (their_wakeup) r.keep.push_back(their_wakeup.get());
  if (inner) inherit_sources(*inner, r);
  child_handle l = launch_guardian(std::move(r));
  if (l.error.os != 0) return unexpected(os_error(error_stage::guard, "guardian", l.error.os));
  g.ref = std::move(l.ref);
  return g;
}

/// \param now  what it hands on
expected<guardian_handle, error> start_idle_guardian(sys::inherited now, bool portable) {
  auto fresh = start_guardian(nullptr, portable);
  if (fresh) fresh->hands_on = std::move(now);
  return fresh;
}

expected<guardian_handle, error> take_guardian(guardian_pool& idle, bool portable) {
  sys::inherited now = sys::look_at_inherited();
  if (auto g = idle.take(now)) return std::move(*g);
  return start_idle_guardian(std::move(now), portable);
}

}  // namespace

void add_guardian(guardian_pool& idle, bool portable) {
  if (auto g = start_idle_guardian(sys::look_at_inherited(), portable)) idle.put(std::move(*g));
}

expected<std::unique_ptr<child>, error> start_sealed(const plan& p, const ladder_steps& steps,
                                                     guardian_pool* idle) {
  const auto passed = idle ? remap_fds(p.view()) : std::nullopt;
  auto g = passed ? take_guardian(*idle, p.view().portable)
                  : start_guardian(&p.view(), p.view().portable);
  if (!g) return unexpected(g.error());
  auto c = std::make_unique<sealed_child>(std::move(*g), passed ? idle : nullptr);
  const int r = passed ? c->order(passed->view, passed->sources, passed->first, steps)
                       : c->order(p.view(), {}, 0, steps);
  if (r < 0) return unexpected(os_error(error_stage::guard, "guardian", -r));
  return std::unique_ptr<child>(std::move(c));
}

std::optional<error> settle_start(child& c, const plan& p) {
  c.await_start();
  const child_error& why = c.refusal();
  if (why.os == 0) return {};
  if (why.stage != error_stage::guard) return p.explain(why);
  const char* const detail = why.os == EPIPE ? "it ended before the command started" : "";
  return os_error(error_stage::guard, "guardian", why.os, detail);
}

}  // namespace brood::detail
