// The guardian: parent of a sealed command, heir of all that it leaves behind.
// SPDX-License-Identifier: Apache-2.0

// A program of its own, so that it shares nothing with a large host. It is a child subreaper: every
// orphan below it becomes its child, so nothing can leave the tree, and waitid() says for certain
// when the tree is empty. It keeps the session, the process group and the terminal of the host, and
// blocks all signals. End-of-file on its channel means that the host died: it then stops the tree.
// Asked to stay, it has one command after another, as long as each leaves nothing behind.
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "process/protocol.hpp"
#include "spawn/launch.hpp"
#include "spawn/pack.hpp"
#include "spawn/step_table.hpp"
#include "sys/fd.hpp"
#include "sys/time.hpp"
#include "sys/wait.hpp"

namespace brood::detail {

namespace {

class guardian {
 public:
  /// `wakeup`: the host sleeps until it rings, once for each command; -1: it listens all the time.
  guardian(int channel, int wakeup) noexcept
      : channel_(channel), wakeup_(wakeup), all_(targets::reach::children, ::getpid(), -1, false) {}

  int run() noexcept {
    if (!prepare()) return 1;
    do {
      if (!launch_command()) return 1;
      attend();
    } while (stays());
    return 0;
  }

 private:
  // Until the tree is empty.
  void attend() noexcept {
    // The host may have died while it was starting the command.
    std::int64_t until = ladder_.started() ? 0 : wakeup_ >= 0 ? sys::now() + brief : INT64_MAX;
    while (!empty_ && !released_) {
      sys::wait_item fds[2] = {sys::wait_item::to_read(signals_),
                               sys::wait_item::to_read(channel_)};
      const bool listening = !host_gone_;
      if (sys::poll_until({fds, listening ? 2U : 1U}, deadline::at(until)) < 0)
        until = sys::now() + 1'000'000;
      if (fds[0].ready.in) forget_signals();
      if (listening && fds[1].ready.in) receive_request();
      reap();
      send_wakeup();
      until = INT64_MAX;
      if (!empty_ && ladder_.started()) until = next_rung();
    }
    if (empty_ && !sent_empty_)
      send_reply({.kind = reply::what::empty, .empty = true, .stays = stays()});
  }

  // Once the tree was signalled, what is known of it belongs to that command.
  bool stays() const noexcept { return stay_ && empty_ && !signalled_ && !released_; }

  bool prepare() noexcept {
    sigset_t all;
    sigfillset(&all);
    ::sigprocmask(SIG_SETMASK, &all, nullptr);
    ::signal(SIGCHLD, SIG_DFL);  // a host that ignores it would have our children reaped unseen
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    signals_ = ::signalfd(-1, &child, SFD_CLOEXEC | SFD_NONBLOCK);
    if (signals_ < 0 || !lower(channel_, signals_ + 1)) return false;
    if (wakeup_ >= 0 && !lower(wakeup_, channel_ + 1)) return false;
    ::prctl(PR_SET_NAME, "brood-guardian");
    return ::prctl(PR_SET_CHILD_SUBREAPER, 1) == 0;
  }

  // To a low number, but not below `least`: what is passed gets higher ones.
  static bool lower(int& number, int least) noexcept {
    const int low = ::fcntl(number, F_DUPFD_CLOEXEC, least);
    if (low < 0) return false;
    sys::close_fd(number);
    number = low;
    return true;
  }

  // The plan's descriptors came over exec under their own numbers (those that were passed did not).
  // They must not reach the command a second time, nor stay open here, where they would hold pipes.
  static void guard_sources(const plan_view& plan) noexcept {
    for_each_source(plan, [](int number) {
      if (number > 2) ::fcntl(number, F_SETFD, FD_CLOEXEC);
    });
  }

  void close_all_but_ours() noexcept {
    unsigned next = 0;
    for (const int ours : {signals_, channel_, wakeup_}) {  // in their order
      if (ours < 0) continue;
      const auto number = static_cast<unsigned>(ours);
      if (number > next) ::syscall(SYS_close_range, next, number - 1, 0);
      next = number + 1;
    }
    ::syscall(SYS_close_range, next, ~0U, 0);
  }

  // What came along goes where the plan looks for it.
  void place(const sys::packet& p, int first) noexcept {
    for (std::size_t i = 0; i < p.fd_count; ++i) {
      const int number = first + static_cast<int>(i);
      if (::syscall(SYS_dup3, p.fds[i], number, O_CLOEXEC) < 0) not_passed_ = errno;
      sys::close_fd(p.fds[i]);
    }
  }

  // Nobody is below us: what is said of a command that has ended meanwhile is late.
  bool await_launch(request& message) noexcept {
    for (;;) {
      sys::packet p{.head = &message,
                    .head_size = sizeof message,
                    .body = first_piece_,
                    .body_size = sizeof first_piece_};
      const ssize_t n = sys::receive_packet(channel_, p);
      if (n < static_cast<ssize_t>(sizeof message)) return false;
      if (message.kind == request::what::release) return false;
      if (message.kind == request::what::pass) place(p, static_cast<int>(message.n));
      if (message.kind != request::what::launch) continue;
      place(p, message.first);
      return true;
    }
  }

  // The plan, all in one place; null: no memory, or nobody there.
  char* receive_plan(std::size_t size) noexcept {
    if (size <= sizeof first_piece_) return first_piece_;
    void* const room =
        ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (room == MAP_FAILED) return nullptr;
    char* const bytes = static_cast<char*>(room);
    std::size_t got = sizeof first_piece_;
    std::memcpy(bytes, first_piece_, got);
    while (got < size) {
      const ssize_t n = sys::receive_packet(channel_, bytes + got, size - got, nullptr);
      if (n <= 0) return nullptr;
      got += static_cast<std::size_t>(n);
    }
    return bytes;
  }

  bool launch_command() noexcept {
    request message;
    if (!await_launch(message)) return false;
    stay_ = message.stay;
    empty_ = sent_empty_ = woken_ = false;
    on_host_death_ = message.steps;
    char* const bytes = receive_plan(message.n);
    if (bytes == nullptr) return fail({error_stage::guard, ENOMEM, 0});
    plan_view plan{};
    if (not_passed_ != 0) return fail({error_stage::guard, not_passed_, 0});
    if (!unpack(bytes, message.n, plan)) return fail({error_stage::guard, EPROTO, 0});
    if (!stay_) guard_sources(plan);
    const child_handle l = launch(plan);
    if (bytes != first_piece_) ::munmap(bytes, message.n);
    if (l.error.os != 0) return fail(l.error);
    command_ = l.ref.pid();
    const reply started{.kind = reply::what::started, .pid = command_, .at = l.started_at};
    const int r = sys::send_packet(channel_, &started, sizeof started, l.ref.pidfd());
    close_all_but_ours();
    if (r < 0) host_died();
    return true;
  }

  bool fail(const child_error& error) noexcept {
    send_reply({.kind = reply::what::failed, .error = error});
    return false;
  }

  void send_reply(const reply& a) noexcept {
    if (host_gone_) return;
    (void)sys::send_packet(channel_, &a, sizeof a);
    send_wakeup();
  }

  void send_wakeup() noexcept {
    if (wakeup_ >= 0 && !woken_) (void)sys::write_some(wakeup_, "", 1);
    woken_ = true;
  }

  // One SIGCHLD at most is pending, however many children ended.
  void forget_signals() noexcept {
    signalfd_siginfo info;
    (void)::read(signals_, &info, sizeof info);
  }

  void host_died() noexcept {
    host_gone_ = signalled_ = true;
    ladder_.start(on_host_death_);
  }

  void receive_request() noexcept {
    request message;
    const ssize_t n = sys::receive_packet(channel_, &message, sizeof message, nullptr);
    if (n != static_cast<ssize_t>(sizeof message)) return host_died();
    switch (message.kind) {
      case request::what::signal:
        if (command_ > 0) (void)sys::send_signal(command_, -1, static_cast<int>(message.n));
        break;
      case request::what::signal_all:
        signalled_ = true;
        all_.new_round();
        (void)all_.deliver(static_cast<int>(message.n));
        break;
      case request::what::stop:
        signalled_ = true;
        if (ladder_.started()) {
          ladder_.escalate();
        } else {
          ladder_.start(message.steps);
        }
        break;
      case request::what::release:
        released_ = true;
        break;
      case request::what::pass:
      case request::what::launch:
        break;
    }
  }

  // Only here is wait-for-any right: every child of this process is its own business. That the
  // command was the last one is said along with its end: mostly it was.
  void reap() noexcept {
    reply end{.kind = reply::what::exited};
    for (;;) {
      sys::exit_record record;
      const int pid = sys::reap_any(record);
      if (pid == -ECHILD) empty_ = true;
      if (pid <= 0) break;
      if (pid != command_) continue;
      command_ = -1;
      end.pid = pid;
      end.at = sys::now();
      end.record = record;
    }
    if (end.pid <= 0) return;
    end.empty = sent_empty_ = empty_;
    end.stays = stays();
    send_reply(end);
  }

  std::int64_t next_rung() noexcept {
    const std::int64_t again = ladder_.tick(all_, sys::now());
    if (ladder_.done()) {
      // Something outlived SIGKILL, or is a zombie that the next round reaps.
      reap();
      if (!empty_ && gave_up_) empty_ = true;
      gave_up_ = true;
      return sys::now() + 1'000'000;
    }
    return again;
  }

  alignas(std::max_align_t) static inline char first_piece_[plan_piece];  // not on the stack

  // A command that ends sooner wakes the host once: its start is heard along with its end.
  static constexpr std::int64_t brief = 500'000;  // ns

  int channel_;
  int wakeup_;
  int signals_ = -1;
  int command_ = -1;    // -1 once it was reaped
  int not_passed_ = 0;  // errno: a descriptor did not find its place
  bool stay_ = false;
  bool signalled_ = false;
  bool host_gone_ = false;
  bool released_ = false;
  bool empty_ = false;
  bool sent_empty_ = false;
  bool woken_ = false;  // for this command
  bool gave_up_ = false;
  targets all_;
  ladder ladder_;
  ladder_steps on_host_death_{};
};

}  // namespace

}  // namespace brood::detail

int main(int argc, char** argv) {
  if (argc != 2 && argc != 3) return 2;
  brood::detail::guardian g(std::atoi(argv[1]), argc == 3 ? std::atoi(argv[2]) : -1);
  return g.run();
}
