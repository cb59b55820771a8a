// The guardian: parent of a sealed command, heir of all that it leaves behind.
// SPDX-License-Identifier: Apache-2.0

// A program of its own, so that it shares nothing with a large host. It is a child subreaper: every
// orphan below it becomes its child, so nothing can leave the tree, and waitid() says for certain
// when the tree is empty. It keeps the session, the process group and the terminal of the host, and
// blocks all signals. If the process that started it ends, it stops the tree; a forked copy of that
// process, which may hold the channel open, does not count. Asked to stay, it has one command after
// another, as long as each leaves nothing behind.
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "process/driver.hpp"
#include "scope/process_tree.hpp"
#include "scope/protocol.hpp"
#include "spawn/close_fds_linux.hpp"
#include "spawn/launch.hpp"
#include "spawn/pack.hpp"
#include "spawn/step_table.hpp"
#include "sys/call.hpp"
#include "sys/fd.hpp"
#include "sys/time.hpp"
#include "sys/wait.hpp"

namespace brood::detail {

namespace {

constexpr std::int64_t ms = 1'000'000;
// A command that ends sooner wakes the host once: its start is heard along with its end. Longer
// than /bin/true takes, shorter than anybody notices.
constexpr std::int64_t brief = ms / 2;
// An exec takes less than a millisecond. One that takes longer is not waited for, as the host may
// want to stop it meanwhile; that it is over is no event, so it is looked for.
constexpr std::int64_t exec_patience = 5 * ms;
constexpr std::int64_t exec_pause = ms;
// Between two looks for processes that came after a signal was sent to all: see ladder.cpp.
constexpr std::int64_t first_pause = ms;
constexpr std::int64_t longest_pause = 20 * ms;

class guardian {
 public:
  /// `wakeup`: the host sleeps until it is written to, once for each command; -1: it reads the
  /// channel all the time.
  guardian(int host, int channel, int wakeup) noexcept
      : host_(host), channel_(channel), wakeup_(wakeup), tree_(process_tree::below_us()) {}

  int run() noexcept {
    if (!prepare()) return 1;
    do {
      if (!launch_command()) return 1;
      attend();
    } while (stays());
    return 0;
  }

 private:
  // --- starting

  bool prepare() noexcept {
    sigset_t all;
    sigfillset(&all);
    ::sigprocmask(SIG_SETMASK, &all, nullptr);
    ::signal(SIGCHLD, SIG_DFL);  // a host that ignores it would have our children reaped unseen
    sigset_t heard;
    sigemptyset(&heard);
    sigaddset(&heard, SIGCHLD);
    sigaddset(&heard, SIGCONT);
    signals_ = ::signalfd(-1, &heard, SFD_CLOEXEC | SFD_NONBLOCK);
    if (signals_ < 0 || !lower(channel_, signals_ + 1)) return false;
    if (wakeup_ >= 0 && !lower(wakeup_, channel_ + 1)) return false;
    ::prctl(PR_SET_NAME, "brood-guardian");
    // SIGCONT, as the command may have stopped us by then. It comes for the end of the thread that
    // started us too, so who our parent is decides.
    ::prctl(PR_SET_PDEATHSIG, SIGCONT);
    if (host_is_gone()) return false;
    return ::prctl(PR_SET_CHILD_SUBREAPER, 1) == 0;
  }

  bool host_is_gone() const noexcept { return ::getppid() != host_; }

  // To a low number, but not below `least`: descriptors that are passed get higher ones.
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
    const int ours[] = {signals_, channel_, wakeup_, exec_.event_fd()};
    for (int number = 0; number <= 2; ++number) {
      if (std::find(std::begin(ours), std::end(ours), number) == std::end(ours)) {
        sys::close_fd(number);
      }
    }
    close_all_but([&](unsigned from) {
      unsigned next = no_fd;
      for (const int number : ours) {
        const auto n = static_cast<unsigned>(number);
        if (number >= 0 && n >= from) next = std::min(next, n);
      }
      return next;
    });
  }

  // Descriptors that came along go where the plan looks for them.
  void place(const sys::packet& p, int first) noexcept {
    for (std::size_t i = 0; i < p.fd_count; ++i) {
      const int number = first + static_cast<int>(i);
      if (::syscall(SYS_dup3, p.fds[i], number, O_CLOEXEC) < 0) not_passed_ = errno;
      sys::close_fd(p.fds[i]);
    }
  }

  // Nobody is below us: what the host sends about a command that has ended meanwhile is late.
  bool await_launch(request& q) noexcept {
    for (;;) {
      sys::wait_item items[] = {sys::wait_item::to_read(signals_),
                                sys::wait_item::to_read(channel_)};
      (void)sys::poll_until(items, deadline::never());
      if (items[0].ready.any()) forget_signals();
      if (host_is_gone()) return false;
      if (!items[1].ready.any()) continue;
      sys::packet p{.head = &q,
                    .head_size = sizeof q,
                    .body = first_piece_,
                    .body_size = sizeof first_piece_};
      const ssize_t n = sys::receive_packet(channel_, p);
      if (n < static_cast<ssize_t>(sizeof q)) return false;
      if (q.kind == request::what::release) return false;
      if (q.kind == request::what::pass) place(p, static_cast<int>(q.n));
      if (q.kind != request::what::launch) continue;
      place(p, q.first);
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
    request q;
    if (!await_launch(q)) return false;
    stay_ = q.stay;
    empty_ = sent_empty_ = woken_ = false;
    driver_ = driver({.stop = q.steps});
    char* const bytes = receive_plan(q.n);
    if (bytes == nullptr) return fail({error_stage::guard, ENOMEM, 0});
    plan_view plan{};
    if (not_passed_ != 0) return fail({error_stage::guard, not_passed_, 0});
    if (!unpack(bytes, q.n, plan)) return fail({error_stage::guard, EPROTO, 0});
    if (!stay_) guard_sources(plan);
    if (bytes != first_piece_) plan_bytes_ = bytes;
    plan_size_ = q.n;
    child_handle c = launch_beside(plan, exec_);
    if (c.error.os != 0) return fail(c.error);
    command_ = c.ref.pid();
    starting_ = !exec_.await(deadline::after(sys::now(), exec_patience));
    const child_error how = starting_ ? exec_.progress(ETIMEDOUT) : exec_.outcome();
    if (!starting_ && is_failure(how)) {
      sys::exit_record unused;
      while (sys::may_pass(c.ref.reap(sys::wait_mode::block, unused))) {
      }
      return fail(how);
    }
    if (!starting_) forget_plan();
    const reply started{.kind = starting_ ? reply::what::launched : reply::what::started,
                        .pid = command_,
                        .at = c.started_at,
                        .error = how};
    const int r = sys::send_packet(channel_, &started, sizeof started, c.ref.pidfd());
    c = {};
    close_all_but_ours();
    if (r < 0) host_died();
    return true;
  }

  // EINTR: a signal ended it before its exec, which is how it ended.
  static bool is_failure(const child_error& e) noexcept { return e.os != 0 && e.os != EINTR; }

  void forget_plan() noexcept {
    if (plan_bytes_ != nullptr) ::munmap(plan_bytes_, plan_size_);
    plan_bytes_ = nullptr;
  }

  // A slow exec (a server that does not answer, a FIFO) is over.
  void look_at_exec() noexcept {
    if (!starting_ || !exec_.over()) return;
    starting_ = false;
    const child_error how = exec_.outcome();
    forget_plan();
    if (is_failure(how)) {
      failed_ = true;
      (void)fail(how);
    } else if (how.os == 0) {
      send({.kind = reply::what::started});
    }  // else its end is what is said of it
  }

  bool fail(const child_error& why) noexcept {
    send({.kind = reply::what::failed, .error = why});
    return false;
  }

  // --- until the tree is empty

  void attend() noexcept {
    deadline until = wakeup_ >= 0 ? deadline::after(sys::now(), brief) : deadline::never();
    for (bool first = true;; first = false) {
      // The host may have died while it was starting the command.
      if (!first || driver_.stopping()) until = step();
      if (released_ || failed_ || driver_.ended() || driver_.gave_up()) break;
      if (starting_) until = earlier(until, deadline::after(sys::now(), exec_pause));
      sys::wait_item items[] = {sys::wait_item::to_read(signals_),
                                sys::wait_item::to_read(channel_)};
      const std::size_t count = host_gone_ ? 1 : 2;
      if (sys::poll_until({items, count}, until) < 0)
        sys::sleep_until(deadline::after(sys::now(), ms));
      if (items[0].ready.any()) forget_signals();
      if (!host_gone_ && items[1].ready.any()) receive();
      if (!host_gone_ && host_is_gone()) host_died();
      look_at_exec();
      reap();
      wake_host();
    }
    if (empty_ && !sent_empty_) send({.kind = reply::what::empty, .empty = true, .stays = stays()});
  }

  // As the host's pollers step theirs. What it has of streams is that somebody is below it.
  deadline step() noexcept {
    const std::int64_t now = sys::now();
    for (;;) {
      driver::facts f;
      f.now = now;
      f.exited = true;
      f.empty = empty_;
      f.unkillable = tree_.trouble() == -EPERM;
      f.reading = !empty_;
      f.draining = false;
      const driver::orders o = driver_.step(f);
      if (o.deliver.signal != 0) {
        deliver(o.deliver.signal, o.deliver.fresh, now);
        reap();
        if (empty_) continue;
      }
      return earlier(o.until, repeat(now));
    }
  }

  void deliver(int signal, bool fresh, std::int64_t now) noexcept {
    const int before = tree_.trouble();
    (void)tree_.deliver(signal, fresh, now);  // of children it is done at once
    const int trouble = tree_.trouble();
    if (trouble != 0 && trouble != before) send({.kind = reply::what::trouble, .os = trouble});
  }

  // What the host wants everybody to get, those included that come later.
  deadline repeat(std::int64_t now) noexcept {
    if (repeated_ == 0 || empty_) return deadline::never();
    if (repeat_at_.passed(now)) {
      deliver(repeated_, false, now);
      repeat_at_ = deadline::after(now, pause_);
      pause_ = std::min(pause_ * 2, longest_pause);
    }
    return repeat_at_;
  }

  // Once the tree was signalled, what is known of it belongs to that command.
  bool stays() const noexcept {
    return stay_ && empty_ && !signalled_ && !released_ && !failed_ && !host_gone_;
  }

  void send(const reply& r) noexcept {
    if (host_gone_) return;
    (void)sys::send_packet(channel_, &r, sizeof r);
    wake_host();
  }

  void wake_host() noexcept {
    if (wakeup_ >= 0 && !woken_) (void)sys::write_some(wakeup_, "", 1);
    woken_ = true;
  }

  // One of each is pending at most, however many came.
  void forget_signals() noexcept {
    signalfd_siginfo infos[2];
    (void)::read(signals_, infos, sizeof infos);
  }

  void host_died() noexcept {
    host_gone_ = signalled_ = true;
    driver_.stop(reason::cancelled, driver_.own_ladder());
  }

  void receive() noexcept {
    request q;
    const ssize_t n = sys::receive_packet(channel_, &q, sizeof q, nullptr);
    if (n != static_cast<ssize_t>(sizeof q)) return host_died();
    const int signal = static_cast<int>(q.n);
    switch (q.kind) {
      case request::what::signal:
        if (command_ > 0) (void)sys::send_signal(command_, -1, signal);
        break;
      case request::what::deliver:
        signalled_ = true;
        pause_ = first_pause;
        repeated_ = q.repeat ? signal : 0;
        repeat_at_ = deadline::after(sys::now(), pause_);
        deliver(signal, true, sys::now());
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
      look_at_exec();
      if (failed_) continue;
      end.pid = pid;
      end.at = sys::now();
      end.record = record;
    }
    if (end.pid <= 0) return;
    end.empty = sent_empty_ = empty_;
    end.stays = stays();
    send(end);
  }

  alignas(std::max_align_t) static inline char first_piece_[plan_piece];  // not on the stack

  int host_;  // the process that started us
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
  bool woken_ = false;  // the host, for this command
  int repeated_ = 0;    // the host's signal to all
  deadline repeat_at_;
  std::int64_t pause_ = 0;
  child_memory exec_;
  char* plan_bytes_ = nullptr;  // of a plan that is too long for first_piece_
  std::size_t plan_size_ = 0;
  bool starting_ = false;  // the command is not over its exec
  bool failed_ = false;    // it did not get over it
  process_tree tree_;
  driver driver_{driver::policy{}};
};

}  // namespace

}  // namespace brood::detail

int main(int argc, char** argv) {
  if (argc != 3 && argc != 4) return 2;
  const int wakeup = argc == 4 ? std::atoi(argv[3]) : -1;
  brood::detail::guardian g(std::atoi(argv[1]), std::atoi(argv[2]), wakeup);
  return g.run();
}
