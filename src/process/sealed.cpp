// A command below a guardian.
// SPDX-License-Identifier: Apache-2.0
#include <poll.h>
#include <signal.h>

#include <cerrno>
#include <cstring>
#include <optional>

#include "base/make_error.hpp"
#include "process/child.hpp"
#include "process/guardian_image.hpp"
#include "process/protocol.hpp"
#include "spawn/launch.hpp"
#include "spawn/pack.hpp"
#include "sys/fd.hpp"
#include "sys/proc.hpp"
#include "sys/time.hpp"

namespace brood::detail {

namespace {

constexpr std::int64_t say_again = 1'000'000;

class sealed_child final : public child {
 public:
  sealed_child(sys::fd channel, const launched& guardian) noexcept
      : channel_(std::move(channel)), guardian_(guardian.pid), guardian_fd_(guardian.pidfd) {}

  ~sealed_child() override {
    channel_.reset();  // it stops what is left, if anything is, and exits
    reap_guardian();
  }

  // Hand over the plan and learn what became of it.
  std::optional<error> begin(const plan& p, const ladder_steps& steps) {
    const std::string bytes = pack(p.view());
    const ask request{.kind = ask::what::launch, .n = bytes.size(), .steps = steps};
    int r = sys::send_packet(channel_.get(), &request, sizeof request);
    for (std::size_t at = 0; r >= 0 && at < bytes.size(); at += plan_piece) {
      r = sys::send_packet(channel_.get(), bytes.data() + at,
                           std::min(plan_piece, bytes.size() - at));
    }
    answer a{};
    if (r >= 0) r = static_cast<int>(sys::receive_packet(channel_.get(), &a, sizeof a, &pidfd_));
    if (r < 0) return os_error(error_stage::guard, "guardian", -r);
    if (r != static_cast<int>(sizeof a)) {
      return os_error(error_stage::guard, "guardian", EPIPE, "it ended before the command started");
    }
    if (a.kind == answer::what::failed) return p.explain(a.error);
    pid_ = a.pid;
    started_at_ = a.at;
    return {};
  }

  int event_fd() const noexcept override { return empty_ ? -1 : channel_.get(); }
  bool sealed() const noexcept override { return true; }

  void update() noexcept override {
    while (!empty_ && hear(sys::patience::none)) {
    }
  }

  void wait() noexcept override {
    while (!ended_) (void)hear(sys::patience::endless);
  }

  int send(int signal, bool all) noexcept override {
    if (empty_ || (ended_ && !all)) return 0;
    return tell({.kind = all ? ask::what::signal_all : ask::what::signal,
                 .n = static_cast<std::uint64_t>(signal)});
  }

  void begin_stop(const ladder_steps& steps) noexcept override {
    stopping_ = true;
    unsaid_ = {.kind = ask::what::stop, .steps = steps};
    say_stop();
  }
  bool stopping() const noexcept override { return stopping_; }
  bool stopped() const noexcept override { return empty_; }
  std::int64_t advance_stop(std::int64_t now) noexcept override {
    update();
    if (!empty_) say_stop();
    return unsaid_ ? now + say_again : INT64_MAX;  // said: the channel is the event
  }

  void release() noexcept override {
    released_ = tell({.kind = ask::what::release}) >= 0;
    if (released_) reap_guardian();
  }

 private:
  int tell(const ask& a) noexcept {
    const int r = sys::send_packet(channel_.get(), &a, sizeof a);
    return r == -EPIPE || r == -ECONNRESET ? 0 : r;  // it has just ended: nobody is left to hear
  }

  // A shortage of memory must not make a stop get lost.
  void say_stop() noexcept {
    if (unsaid_ && (empty_ || tell(*unsaid_) >= 0)) unsaid_.reset();
  }

  // False if there was nothing to hear, or a shortage of ours: asked again.
  bool hear(sys::patience how_long) noexcept {
    answer a{};
    const ssize_t n = sys::receive_packet(channel_.get(), &a, sizeof a, nullptr, how_long);
    if (n < 0 && n != -ECONNRESET) return false;
    if (n != static_cast<ssize_t>(sizeof a)) {
      lost();
      return true;
    }
    if (a.kind == answer::what::exited) {
      ended_ = true;
      end_ = {a.record, a.at};
    }
    empty_ = a.empty;
    if (empty_) reap_guardian();  // it exits after having said this
    return true;
  }

  void reap_guardian() noexcept {
    if (guardian_ > 0) sys::reap_for_certain(guardian_, guardian_fd_.get());
    guardian_ = -1;
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
      if (!down.done()) (void)sys::poll_until(nullptr, 0, again);
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

  sys::fd channel_;
  int guardian_;
  sys::fd guardian_fd_;
  sys::fd pidfd_;  // the command's; only to find it should the guardian be killed
  bool empty_ = false;
  bool stopping_ = false;
  std::optional<ask> unsaid_;  // a stop that could not be sent yet
  bool released_ = false;
};

// The guardian inherits, under their own numbers, the descriptors that the plan moves or keeps.
request guardian_request(const plan_view& inner, int channel, const char* number) {
  request r;
  r.program = "brood-guardian";
  r.args = {"brood-guardian", number};
  r.inherit_env = true;  // so that a mark in the environment finds it, as it finds the command
  r.close_fds = inner.step_count > 0 && inner.steps[0].what == op::close_others;
  r.portable = inner.portable;
  r.keep.push_back(channel);
  for (std::uint32_t i = 0; i < inner.step_count; ++i) {
    const step& s = inner.steps[i];
    const bool from = s.what == op::move_fd || s.what == op::keep_fd || s.what == op::park_fd;
    if (from) r.keep.push_back(s.a);
  }
  return r;
}

}  // namespace

expected<std::unique_ptr<child>, error> start_sealed(const plan& p, const ladder_steps& steps) {
  sys::fd ours;
  sys::fd theirs;
  if (const int r = sys::make_channel(ours, theirs); r < 0) {
    return unexpected(os_error(error_stage::guard, "guardian", -r));
  }
  const std::string number = std::to_string(theirs.get());
  request r = guardian_request(p.view(), theirs.get(), number.c_str());
  const sys::fd image(guardian_file());
  if (!image) r.programs = {guardian_path()};
  const plan outer(std::move(r));
  plan_view view = outer.view();
  if (image) view.program_fd = image.get();
  launched l = launch(view);
  if (l.error.os != 0 && image) {  // memfds may not be executed here: the installed file may
    view.program_fd = -1;
    const char* const installed[] = {guardian_path(), nullptr};
    view.programs = installed;
    l = launch(view);
  }
  if (l.error.os != 0) {
    return unexpected(os_error(error_stage::guard, "guardian", l.error.os));
  }
  theirs.reset();
  auto c = std::make_unique<sealed_child>(std::move(ours), l);
  if (auto e = c->begin(p, steps)) return unexpected(std::move(*e));
  return std::unique_ptr<child>(std::move(c));
}

}  // namespace brood::detail
