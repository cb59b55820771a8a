// A command that is a child of ours: containment process, group and tree.
// SPDX-License-Identifier: Apache-2.0
#include <signal.h>

#include <cerrno>
#include <system_error>

#include "base/make_error.hpp"
#include "scope/process_tree.hpp"
#include "scope/scope.hpp"
#include "scope/unreaped.hpp"
#include "spawn/launch.hpp"
#include "sys/call.hpp"
#include "sys/fd.hpp"
#include "sys/proc.hpp"
#include "sys/time.hpp"

namespace brood::detail {

namespace {

process_tree::reach reach_of(containment level) {
  switch (level) {
    case containment::process:
      return process_tree::reach::process;
    case containment::group:
      return process_tree::reach::group;
    default:
      return process_tree::reach::tree;
  }
}

class local_scope final : public scope {
 public:
  /// Its child is to be given to it.
  explicit local_scope(process_tree::reach r) : reach_(r) {}

  ~local_scope() override {
    if (exited_ && stays_) reap_now();
    if ((exited_ && !stays_) || refused_ || !child_) return;
    // It could not be stopped, or was released. Its zombie is not to stay for ever.
    if (!released_) reap_later(std::move(child_));
  }

  void take(pending_start started, bool leads) noexcept {
    child_ = std::move(started.child.ref);
    pending_ = std::move(started.exec);
    pid_ = child_.pid();
    started_at_ = started.child.started_at;
    tree_.emplace(reach_, child_, leads);
  }

  // One that failed or was killed on its way is starting until it is reaped.
  bool starting() const noexcept override {
    return !refused_ && !(pending_.over() && pending_.outcome().os == 0);
  }
  void await_start(deadline until) noexcept override {
    if (!starting() || !pending_.await(until)) return;
    if (pending_.outcome().os == 0) return;
    (void)child_.signal(SIGKILL);  // it exits by itself, unless its report could not be read
    wait_for_exit();
  }
  error refusal() const override { return pending_.what().explain(why_); }
  error hanging_start() const override {
    return pending_.what().explain(pending_.progress(ETIMEDOUT));
  }

  deadline wants(std::vector<sys::wait_item>& items) const override {
    if (exited_) return deadline::never();
    if (child_.pidfd() >= 0) items.push_back(sys::wait_item::to_read(child_.pidfd()));
    return deadline::never();
  }
  bool has_exit_event() const noexcept override { return child_.pidfd() >= 0; }

  void update() noexcept override { reap(sys::wait_mode::poll); }
  void wait_for_exit() noexcept override {
    while (!exited_ && !refused_) reap(sys::wait_mode::block);
  }

  int signal(int number) noexcept override {
    const int r = exited_ ? 0 : child_.signal(number);
    return r == -ESRCH ? 0 : r;
  }

  void hold() noexcept override {
    if (tree_) tree_->scan();
  }

  deadline deliver(int number, bool fresh, std::int64_t now) noexcept override {
    if (!tree_) return deadline::never();
    const deadline again = tree_->deliver(number, fresh, now);
    stays_ = stays_ || (!exited_ && tree_->needs_root());
    return again;
  }
  int trouble() const noexcept override { return tree_ ? tree_->trouble() : 0; }
  bool empty() noexcept override {
    if (tree_ && !tree_->gone()) return false;
    if (exited_ && stays_) reap_now();
    return true;
  }

  void release() noexcept override { released_ = true; }
  void disown() noexcept override { released_ = true; }

 private:
  void reap_now() noexcept {
    sys::exit_record known;
    stays_ = sys::may_pass(child_.reap(sys::wait_mode::poll, known));
  }

  void reap(sys::wait_mode mode) noexcept {
    if (exited_ || refused_) return;
    const int r = child_.reap(stays_ ? sys::wait_mode::look : mode, end_.record);
    if (r == 0 || sys::may_pass(r)) return;  // asked again
    if (r == -ECHILD) (void)sys::exit_after_reap(child_.pidfd(), end_.record);
    end_.at = sys::now();
    tree_->root_ended();
    settle_start();
    exited_ = !refused_;
  }

  // EINTR: a signal ended it before its exec, which is how it ended.
  void settle_start() noexcept {
    (void)pending_.over();  // takes in what a forked child has reported
    why_ = pending_.outcome();
    refused_ = why_.os != 0 && why_.os != EINTR;
    if (!refused_) pending_ = {};
  }

  process_tree::reach reach_;
  bool released_ = false;
  bool stays_ = false;  // it is not reaped before its group is gone
  pending_exec pending_;
  child_error why_;  // it did not start
  sys::pid_ref child_;
  std::optional<process_tree> tree_;  // borrows child_
};

}  // namespace

expected<std::unique_ptr<scope>, error> start_local(std::shared_ptr<const plan> p,
                                                    const local_start& how) {
  auto s = std::make_unique<local_scope>(reach_of(how.level));  // before there is a child
  pending_start started;
  if (how.beside) {
    started = launch_pending(p, how.resources ? &how.resources->stacks : nullptr);
  } else {
    started.child = launch(p->view());
  }
  if (started.child.error.os != 0) return unexpected(p->explain(started.child.error));
  s->take(std::move(started), how.leads);
  return std::unique_ptr<scope>(std::move(s));
}

std::optional<error> find_obstacle(containment level) {
  if (level == containment::process || level == containment::group) return {};
  const int r = sys::proc_is_still_ours();
  if (r == 1) return {};
  const bool shortage = sys::may_pass(r);
  if (shortage) return os_error(error_stage::open, "/proc", -r);
  const std::string what = r == 0 ? "/proc is that of another PID namespace"
                                  : "/proc: " + std::generic_category().message(-r);
  return error(error_kind::unsupported, error_stage::guard, "contain",
               std::error_code(r < 0 ? -r : 0, std::generic_category()),
               std::string(to_string(level)) + " needs to see the processes here: " + what);
}

}  // namespace brood::detail
