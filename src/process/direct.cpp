// A command that is a child of the caller's process.
// SPDX-License-Identifier: Apache-2.0
#include <poll.h>
#include <signal.h>

#include <cerrno>

#include "process/child.hpp"
#include "spawn/pending_exec.hpp"
#include "sys/fd.hpp"
#include "sys/time.hpp"

namespace brood::detail {

namespace {

constexpr std::int64_t exec_patience = 20'000'000;  // ns

class direct_child final : public child {
 public:
  direct_child(targets::reach reach, bool leads) noexcept : reach_(reach), leads_(leads) {}

  /// \param stacks  null: exec is waited for.
  child_error start(const std::shared_ptr<const plan>& p, child_stack_pool* stacks) {
    pending_start started;
    if (stacks) {
      started = launch_pending(p, stacks);
    } else {
      started.child = launch(p->view());
    }
    if (started.child.error.os != 0) return started.child.error;
    pending_ = std::move(started.exec);
    ref_ = std::move(started.child.ref);
    pid_ = ref_.pid();
    started_at_ = started.child.started_at;
    all_.emplace(reach_, pid_, ref_.pidfd(), leads_);
    return {};
  }

  bool starting() const noexcept override { return !pending_.over(); }

  void await_start() noexcept override { (void)await_start_until(deadline::never()); }
  const child_error& refusal() const noexcept override { return refusal_; }

  int event_fd() const noexcept override { return ref_.pidfd(); }

  void update() noexcept override {
    if (ended_) return;
    sys::exit_record record;
    take(sys::reap(pid_, ref_.pidfd(), sys::wait_mode::poll, record), record);
  }

  void wait() noexcept override {
    while (!ended_) {
      sys::exit_record record;
      take(sys::reap(pid_, ref_.pidfd(), sys::wait_mode::block, record), record);
    }
  }

  int send(int signal, bool all) noexcept override {
    if (ended_ && (!all || reach_ == targets::reach::process)) return 0;
    await_start();
    if (!all) {
      const int r = sys::send_signal(pid_, ref_.pidfd(), signal);
      return r == -ESRCH ? 0 : r;
    }
    targets everybody(reach_, pid_, ref_.pidfd(), leads_);
    if (ended_) everybody.root_ended();
    return everybody.deliver(signal);
  }

  void begin_stop(const ladder_steps& steps) noexcept override {
    if (ladder_.started()) {
      ladder_.escalate();
    } else {
      start_or_die();
      // Held before anybody is signalled: the end of one (of a stage, of who feeds it) may end
      // another by itself, and whoever is below that one cannot be found any more.
      all_->scan();
      ladder_.start(steps);
    }
  }
  bool stopping() const noexcept override { return ladder_.started(); }
  bool stopped() const noexcept override { return ladder_.done(); }

  std::int64_t advance_stop(std::int64_t now) noexcept override {
    update();
    return ladder_.tick(*all_, now);
  }

  void release() noexcept override {}

 private:
  bool await_start_until(deadline until) noexcept {
    if (!pending_.await(until)) return false;
    if (refusal_.os == 0) refusal_ = pending_.outcome();
    pending_ = {};
    return true;
  }

  // Before exec it may have no group of its own to be signalled, and no handler. One whose exec
  // hangs (a program on a server that is gone) has done nothing yet that a gentler end would save.
  void start_or_die() noexcept {
    if (await_start_until(deadline::after(sys::now(), exec_patience))) return;
    (void)sys::send_signal(pid_, ref_.pidfd(), SIGKILL);
  }

  void take(int r, const sys::exit_record& record) noexcept {
    if (r == 0) return;
    if (r == 1) {
      end_.record = record;
    } else if (r == -ECHILD) {
      (void)sys::exit_after_reap(ref_.pidfd(), end_.record);
    } else {
      return;  // not an answer: asked again
    }
    ended_ = true;
    end_.at = sys::now();
    all_->root_ended();
    await_start();  // it is over: this only takes the outcome
  }

  pending_exec pending_;
  child_error refusal_;
  sys::pid_ref ref_;
  targets::reach reach_;
  bool leads_;
  std::optional<targets> all_;  // once it has started
  ladder ladder_;
};

}  // namespace

expected<std::unique_ptr<child>, error> start_direct(const std::shared_ptr<const plan>& p,
                                                     targets::reach reach, bool leads,
                                                     child_stack_pool* stacks) {
  auto c = std::make_unique<direct_child>(reach, leads);
  if (const child_error e = c->start(p, stacks); e.os != 0) return unexpected(p->explain(e));
  return std::unique_ptr<child>(std::move(c));
}

}  // namespace brood::detail
