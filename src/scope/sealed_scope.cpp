// A command below a guardian: containment sealed.
// SPDX-License-Identifier: Apache-2.0
#include <signal.h>

#include <cerrno>
#include <optional>
#include <span>

#include "base/make_error.hpp"
#include "scope/guardian_image.hpp"
#include "scope/guardian_pool.hpp"
#include "scope/process_tree.hpp"
#include "scope/protocol.hpp"
#include "scope/remapped_plan.hpp"
#include "scope/scope.hpp"
#include "scope/unreaped.hpp"
#include "spawn/pack.hpp"
#include "spawn/step_table.hpp"
#include "sys/fd.hpp"
#include "sys/time.hpp"

namespace brood::detail {

namespace {

constexpr std::int64_t ms = 1'000'000;
// A packet that found no room is sent again after this.
constexpr std::int64_t send_again = ms;
// A guardian answers SIGKILL within a few milliseconds. One that has not by then does not run: what
// it has may have stopped it. Then we kill what is below it ourselves, as often as a ladder looks.
constexpr std::int64_t guardian_patience = 250 * ms;
constexpr std::int64_t rescue_pause = 20 * ms;
// A guardian that a command has halted cannot say that the command has ended. So now and then we
// look: rarely, as that is for what hardly ever happens.
constexpr std::int64_t halted_pause = 1'000 * ms;
// As the above, for a command whose end is no event, as it is not ours and there are no pidfds.
constexpr std::int64_t unheard_pause = 20 * ms;

class sealed_scope final : public scope {
 public:
  sealed_scope(guardian_handle g, guardian_pool* home, std::shared_ptr<const plan> p) noexcept
      : guardian_(std::move(g)), home_(home), plan_(std::move(p)) {}

  ~sealed_scope() override {
    if (stays_) {
      home_->put(std::move(guardian_));
    } else if (empty_ || starting_) {
      guardian_.end();
    } else if (guardian_.process) {  // somebody would not end: it stays their parent until they do
      guardian_.channel.reset();
      reap_later(std::move(guardian_.process));
    }
  }

  /// Hand over the plan and the descriptors that it knows as `first` and those after it. 0 or the
  /// negative errno.
  int launch(const plan_view& view, std::vector<int> sources, int first, const ladder_steps& steps);

  bool starting() const noexcept override { return starting_; }
  error refusal() const override {
    if (why_.stage != error_stage::guard) return plan_->explain(why_);
    const char* const detail = why_.os == EPIPE ? "it ended before the command started" : "";
    return os_error(error_stage::guard, "guardian", why_.os, detail);
  }
  error hanging_start() const override { return plan_->explain(why_); }
  void await_start(deadline until) noexcept override {
    while (starting_ && !until.passed(sys::now())) {
      const deadline patience = deadline::after(sys::now(), guardian_patience);
      const bool news =
          sys::poll_until(sys::wait_item::to_read(channel()), earlier(until, patience));
      // What it has started may have halted it before it could say so.
      if (!news) (void)guardian_.process.signal(SIGCONT);
      update();
    }
  }

  deadline wants(std::vector<sys::wait_item>& items) const override {
    if (on_our_own()) {
      if (exited_ || !command_) return deadline::never();
      if (command_.pidfd() < 0) return deadline::after(sys::now(), unheard_pause);
      items.push_back(sys::wait_item::to_read(command_.pidfd()));
      return deadline::never();
    }
    if (empty_) return deadline::never();
    const bool quiet = starting_ && !woken_ && guardian_.wakeup;  // it wakes us once
    items.push_back(sys::wait_item::to_read(quiet ? guardian_.wakeup.get() : channel()));
    return deadline::after(sys::now(), halted_pause);
  }

  void update() noexcept override {
    if (on_our_own()) return look_at_command();
    if (starting_ && guardian_.wakeup) drain_wakeup();
    while (!empty_ && !lost_ && receive()) {
    }
  }
  void overdue() noexcept override {
    if (on_our_own() || exited_ || empty_) return;
    const bool halted = command_ ? !command_.alive() : starting_;
    if (halted) (void)guardian_.process.signal(SIGCONT);
  }
  void wait_for_exit() noexcept override {
    while (!exited_ && !refused_ && !on_our_own()) {
      const deadline patience = deadline::after(sys::now(), halted_pause);
      if (!sys::poll_until(sys::wait_item::to_read(channel()), patience)) overdue();
      update();
    }
  }

  int signal(int number) noexcept override {
    if (exited_ || refused_) return 0;
    if (on_our_own()) {
      const int r = command_.signal(number);
      return r == -ESRCH ? 0 : r;
    }
    return send({.kind = request::what::signal, .n = static_cast<std::uint64_t>(number)});
  }

  deadline deliver(int number, bool fresh, std::int64_t now) noexcept override;
  int trouble() const noexcept override { return rest_ ? rest_->trouble() : trouble_; }
  bool empty() noexcept override { return on_our_own() && rest_ ? rest_->gone() : empty_; }
  bool hears_of_empty() const noexcept override { return !on_our_own(); }
  bool lost() const noexcept override { return lost_; }

  void release() noexcept override {
    if (empty_ || lost_) return;
    if (send({.kind = request::what::release}) < 0) return;
    guardian_.reap();
    stays_ = false;
    released_ = empty_ = true;
    if (command_) rest_.emplace(process_tree::reach::tree, command_, false);
  }
  void disown() noexcept override {
    guardian_.process = {};
    stays_ = false;
    empty_ = true;
  }

 private:
  int channel() const noexcept { return guardian_.channel.get(); }
  /// There is no guardian (any more).
  bool on_our_own() const noexcept { return lost_ || released_; }
  int send(const request& q) noexcept;
  int send(request& q, const std::vector<int>& along, std::span<char> piece) noexcept;
  bool receive() noexcept;
  void take(const reply& r, sys::fd passed) noexcept;
  void refuse(const child_error& why) noexcept;
  void lose() noexcept;
  void look_at_command() noexcept;
  deadline rescue(std::int64_t now) noexcept;
  // From then on the channel itself is listened to: what it has may not be readable at once.
  void drain_wakeup() noexcept {
    char bytes[8];
    if (sys::read_some(guardian_.wakeup.get(), bytes, sizeof bytes) > 0) woken_ = true;
  }

  guardian_handle guardian_;
  guardian_pool* home_;               // where it goes once it is idle; null: it has one command
  std::shared_ptr<const plan> plan_;  // until it has started
  bool starting_ = true;
  bool woken_ = false;
  child_error why_;       // it did not start
  bool stays_ = false;    // the guardian waits for another command
  sys::pid_ref command_;  // for when there is no guardian to ask
  bool empty_ = false;
  bool released_ = false;
  bool lost_ = false;
  int trouble_ = 0;
  std::optional<request> unsent_;
  deadline guardian_late_;            // it should have killed everybody by then
  std::optional<process_tree> rest_;  // what we kill ourselves
};

int sealed_scope::launch(const plan_view& view, std::vector<int> sources, int first,
                         const ladder_steps& steps) {
  constexpr std::size_t most = sys::packet::most;
  while (sources.size() > most) {  // from the end, so that `first` stays right
    const std::size_t left = (sources.size() - 1) / most * most;
    request q{.kind = request::what::pass, .n = static_cast<std::uint64_t>(first) + left};
    if (const int r =
            send(q, {sources.begin() + static_cast<std::ptrdiff_t>(left), sources.end()}, {});
        r < 0) {
      return r;
    }
    sources.resize(left);
  }
  std::string bytes = pack(view);
  request q{.kind = request::what::launch,
            .stay = home_ != nullptr,
            .first = first,
            .n = bytes.size(),
            .steps = steps};
  std::size_t at = std::min(plan_piece, bytes.size());
  int r = send(q, sources, {bytes.data(), at});
  for (; r >= 0 && at < bytes.size(); at += plan_piece) {
    r = sys::send_packet(channel(), bytes.data() + at, std::min(plan_piece, bytes.size() - at));
  }
  return r;
}

int sealed_scope::send(const request& q) noexcept {
  const int r = sys::send_packet(channel(), &q, sizeof q);
  return r == -EPIPE || r == -ECONNRESET ? 0 : r;  // it has just ended: nobody is left to hear
}

/// With descriptors and a piece of a plan.
int sealed_scope::send(request& q, const std::vector<int>& along, std::span<char> piece) noexcept {
  sys::packet p{.head = &q, .head_size = sizeof q, .body = piece.data(), .body_size = piece.size()};
  for (const int number : along) p.fds[p.fd_count++] = number;
  return sys::send_packet(channel(), p);
}

/// False if nothing has come, or for a shortage of ours: asked again.
bool sealed_scope::receive() noexcept {
  reply r{};
  sys::fd passed;
  const ssize_t n = sys::receive_packet(channel(), &r, sizeof r, &passed, sys::patience::none);
  if (n < 0 && n != -ECONNRESET) return false;
  if (n == static_cast<ssize_t>(sizeof r)) {
    take(r, std::move(passed));
  } else {
    lose();
  }
  return true;
}

void sealed_scope::take(const reply& r, sys::fd passed) noexcept {
  switch (r.kind) {
    case reply::what::launched:
    case reply::what::started:
      if (r.pid > 0) {
        pid_ = r.pid;
        started_at_ = r.at;
        command_ = sys::pid_ref::told(r.pid, std::move(passed));
      }
      why_ = r.error;
      if (r.kind == reply::what::launched) return;
      starting_ = false;
      plan_.reset();
      return;
    case reply::what::failed:
      return refuse(r.error);
    case reply::what::trouble:
      trouble_ = static_cast<int>(r.os);
      return;
    case reply::what::exited:
      exited_ = true;
      starting_ = false;
      end_ = {r.record, r.at};
      break;
    case reply::what::empty:
      break;
  }
  empty_ = r.empty;
  stays_ = r.stays && home_;
  if (empty_ && !stays_) guardian_.reap();  // it exits after having said this
}

void sealed_scope::refuse(const child_error& why) noexcept {
  starting_ = false;
  refused_ = empty_ = true;
  why_ = why;
}

// Somebody killed the guardian. Its children are orphans now; the command is still known by its
// pidfd, and what is below it can be found from there.
void sealed_scope::lose() noexcept {
  guardian_.reap();
  if (!command_) return refuse({error_stage::guard, EPIPE, 0});
  starting_ = false;
  lost_ = true;
  rest_.emplace(process_tree::reach::tree, command_, false);
  look_at_command();
}

void sealed_scope::look_at_command() noexcept {
  if (exited_ || command_.alive()) return;
  exited_ = true;
  end_.at = sys::now();
  const int r = sys::exit_after_reap(command_.pidfd(), end_.record);
  if (r < 0 && lost_) {  // it is not ours to reap; nobody but us kills what is lost
    end_.record.how = CLD_KILLED;
    end_.record.value = SIGKILL;
  }
  if (rest_) rest_->root_ended();
}

// It does not answer. Nothing leaves what is below it, as it is a subreaper: everybody is found
// from there, and it goes last.
deadline sealed_scope::rescue(std::int64_t now) noexcept {
  if (!rest_) rest_.emplace(process_tree::reach::children, guardian_.process, false);
  (void)rest_->deliver(SIGKILL, true, now);
  if (rest_->gone()) (void)guardian_.process.signal(SIGKILL);
  return deadline::after(now, rescue_pause);
}

deadline sealed_scope::deliver(int number, bool fresh, std::int64_t now) noexcept {
  if (on_our_own() && rest_) return rest_->deliver(number, fresh, now);
  if (empty_) return deadline::never();
  if (fresh) {
    unsent_ = request{.kind = request::what::deliver,
                      .repeat = number != SIGSTOP && number != SIGCONT,
                      .n = static_cast<std::uint64_t>(number)};
    (void)guardian_.process.signal(SIGCONT);  // what it has may have stopped it
    guardian_late_ =
        number == SIGKILL ? deadline::after(now, guardian_patience) : deadline::never();
  }
  // A shortage of memory must not make a stop get lost.
  if (unsent_ && send(*unsent_) >= 0) unsent_.reset();
  if (unsent_ && !guardian_late_.passed(now)) return deadline::after(now, send_again);
  return guardian_late_.passed(now) ? rescue(now) : guardian_late_;
}

/// What could not be handed to the guardian may be a descriptor that is not open: that is the
/// command's own failure.
error explain_refusal(const plan& p, error why) {
  if (why.code().value() != EBADF) return why;
  const plan_view& view = p.view();
  for (std::uint32_t i = 0; i < view.step_count; ++i) {
    const int* const number = source_of(view.steps[i]);
    if (!number || sys::is_open(*number) == 0) continue;
    return p.explain({kind_of(view.steps[i].what).stage, EBADF, i});
  }
  return why;
}

}  // namespace

expected<std::unique_ptr<scope>, error> start_sealed(std::shared_ptr<const plan> p,
                                                     const ladder_steps& steps,
                                                     spawn_resources* resources) {
  const plan_view& view = p->view();
  const auto remapped = resources ? remap_fds(view) : std::nullopt;
  auto g =
      remapped ? resources->guardians.take(view.portable) : start_guardian(&view, view.portable);
  if (!g) return unexpected(explain_refusal(*p, g.error()));
  auto s =
      std::make_unique<sealed_scope>(std::move(*g), remapped ? &resources->guardians : nullptr, p);
  const int r = remapped ? s->launch(remapped->view, remapped->sources, remapped->first, steps)
                         : s->launch(view, {}, 0, steps);
  if (r < 0) return unexpected(explain_refusal(*p, os_error(error_stage::guard, "guardian", -r)));
  return std::unique_ptr<scope>(std::move(s));
}

}  // namespace brood::detail
