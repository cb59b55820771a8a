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
  /// \param under_way  null: it was waited for.
  direct_child(const launched& l, targets::reach reach, bool leads,
               std::unique_ptr<pending_exec> under_way) noexcept
      : pending_(std::move(under_way)),
        pidfd_(l.pidfd),
        reach_(reach),
        leads_(leads),
        all_(reach, l.pid, l.pidfd, leads) {
    pid_ = l.pid;
    started_at_ = l.at;
  }

  bool starting() const noexcept override { return pending_ && !pending_->over(); }

  void await_start() noexcept override { (void)await_start_until(INT64_MAX); }
  const child_error& refusal() const noexcept override { return refusal_; }

  int event_fd() const noexcept override { return pidfd_.get(); }

  void update() noexcept override {
    if (ended_) return;
    sys::exit_record record;
    take(sys::reap(pid_, pidfd_.get(), sys::wait_mode::poll, record), record);
  }

  void wait() noexcept override {
    while (!ended_) {
      sys::exit_record record;
      take(sys::reap(pid_, pidfd_.get(), sys::wait_mode::block, record), record);
    }
  }

  int send(int signal, bool all) noexcept override {
    if (ended_ && (!all || reach_ == targets::reach::process)) return 0;
    await_start();
    if (!all) {
      const int r = sys::send_signal(pid_, pidfd_.get(), signal);
      return r == -ESRCH ? 0 : r;
    }
    targets everybody(reach_, pid_, pidfd_.get(), leads_);
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
      all_.scan();
      ladder_.start(steps);
    }
  }
  bool stopping() const noexcept override { return ladder_.started(); }
  bool stopped() const noexcept override { return ladder_.done(); }

  std::int64_t advance_stop(std::int64_t now) noexcept override {
    update();
    return ladder_.tick(all_, now);
  }

  void release() noexcept override {}

 private:
  bool await_start_until(std::int64_t until) noexcept {
    if (!pending_) return true;
    if (!pending_->await(until)) return false;
    refusal_ = pending_->error();
    pending_.reset();
    return true;
  }

  // Before exec it may have no group of its own to be signalled, and no handler. One whose exec
  // hangs (a program on a server that is gone) has done nothing yet that a gentler end would save.
  void start_or_die() noexcept {
    if (await_start_until(sys::now() + exec_patience)) return;
    (void)sys::send_signal(pid_, pidfd_.get(), SIGKILL);
  }

  void take(int r, const sys::exit_record& record) noexcept {
    if (r == 0) return;
    if (r == 1) {
      end_.record = record;
    } else if (r == -ECHILD) {
      (void)sys::exit_after_reap(pidfd_.get(), end_.record);
    } else {
      return;  // not an answer: asked again
    }
    ended_ = true;
    end_.at = sys::now();
    all_.root_ended();
    await_start();  // it is over: this only takes the outcome
  }

  std::unique_ptr<pending_exec> pending_;
  child_error refusal_;
  sys::fd pidfd_;
  targets::reach reach_;
  bool leads_;
  targets all_;
  ladder ladder_;
};

}  // namespace

expected<std::unique_ptr<child>, error> start_direct(const plan& p, targets::reach reach,
                                                     bool leads, child_stack_pool* stacks) {
  std::unique_ptr<pending_exec> t;
  if (stacks) t = std::make_unique<pending_exec>(p.view());
  const launched l = t ? stacks->launch(*t) : launch(p.view());
  if (l.error.os != 0) return unexpected(p.explain(l.error));
  return std::unique_ptr<child>(new direct_child(l, reach, leads, std::move(t)));
}

}  // namespace brood::detail
