// A signalfd(2), the thread that reads it, and counting requests to stop.
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include <string>
#include <system_error>
#include <utility>

#include "clock.hpp"
#include "exit.hpp"
#include "signals.hpp"

namespace cli {

namespace {

// A sender like timeout(1) signals first the process and then its group, within a millisecond or
// so: one request, two signals. Nobody presses Ctrl-C twice in a quarter of a second by intent.
constexpr std::int64_t same_request_ns = 250'000'000;

// Short enough that an interrupted write is given up without a delay that people notice.
constexpr int interruption_ms = 50;

/// Our caller may have closed 0, 1 or 2, which then must not become ours: a command inherits them.
int above_standard(int fd, const char* what) {
  if (fd < 0) throw system_failure(what);
  if (fd > STDERR_FILENO) return fd;
  const int moved = ::fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  ::close(fd);
  if (moved < 0) throw system_failure(what);
  return moved;
}

/// With every signal blocked in it: they are for the threads that wait for them.
template <class F>
std::thread thread_without_signals(F f) {
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  std::thread made;
  std::error_code refused;
  try {
    made = std::thread(std::move(f));
  } catch (const std::system_error& e) {
    refused = e.code();
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (refused) throw system_failure("pthread_create", refused.value());
  return made;
}

}  // namespace

void take_by_default(int signal) {
  ::signal(signal, SIG_DFL);
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, signal);
  ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
  ::raise(signal);
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

event::event() : descriptor_(above_standard(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), "eventfd")) {}

event::~event() { ::close(descriptor_); }

void event::set() const {
  const std::uint64_t one = 1;
  (void)!::write(descriptor_, &one, sizeof one);
}

void event::clear() const {
  std::uint64_t count = 0;
  (void)!::read(descriptor_, &count, sizeof count);
}

// --- the reader ----------------------------------------------------------------------------------

signal_reader::signal_reader(std::span<const int> signals, handler take) : take_(std::move(take)) {
  sigset_t set;
  ::sigemptyset(&set);
  for (const int signal : signals) {
    struct sigaction action {};
    ::sigaction(signal, nullptr, &action);
    if (action.sa_handler != SIG_IGN) ::sigaddset(&set, signal);
  }
  signals_ = above_standard(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK), "signalfd");
  if (const int refused = ::pthread_sigmask(SIG_BLOCK, &set, nullptr)) {
    ::close(signals_);
    throw system_failure("pthread_sigmask", refused);
  }
}

signal_reader::~signal_reader() {
  if (thread_.joinable()) {
    over_.set();
    thread_.join();
  }
  ::close(signals_);
}

void signal_reader::start() {
  thread_ = thread_without_signals([this] { serve(); });
}

void signal_reader::serve() {
  for (;;) {
    pollfd wanted[] = {{signals_, POLLIN, 0}, {over_.descriptor(), POLLIN, 0}};
    ::poll(wanted, 2, interrupts_ ? interruption_ms : -1);
    if (wanted[1].revents != 0) return;
    if (wanted[0].revents != 0) take_pending();
    if (interrupts_) ::pthread_kill(interrupted_, SIGALRM);
  }
}

void signal_reader::take_pending() {
  const std::lock_guard hold(lock_);
  signalfd_siginfo info{};
  while (::read(signals_, &info, sizeof info) == sizeof info) {
    take_({.number = static_cast<int>(info.ssi_signo),
           .from_kernel = info.ssi_code > 0,
           .sender = static_cast<pid_t>(info.ssi_pid)});
  }
}

void signal_reader::keep_interrupting(pthread_t thread) {
  interrupted_ = thread;
  interrupts_ = true;
}

// --- requests to stop ----------------------------------------------------------------------------

int stop_requests::add(int signal) {
  const std::int64_t now = monotonic_now();
  if (count_ > 0 && now - last_ < same_request_ns) return 0;
  last_ = now;
  if (count_ == 0) first_ = signal;
  return ++count_;
}

namespace {

constexpr std::array stop_or_question = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1, SIGCONT};

}  // namespace

stop_signals::stop_signals()
    : owner_(::pthread_self()),
      reader_(stop_or_question, [this](const signal_event& e) { take(e); }) {
  struct sigaction action {};
  action.sa_handler = [](int) {};
  ::sigemptyset(&action.sa_mask);
  ::sigaction(SIGALRM, &action, nullptr);  // without SA_RESTART: to interrupt is the purpose
  reader_.start();
}

void stop_signals::take(const signal_event& e) {
  if (e.number == SIGUSR1) {
    asked_ = true;
    return event_.set();
  }
  if (e.number == SIGCONT) {
    continued_ = true;
    return event_.set();  // to draw again
  }
  // Before anybody can see that it came. The end of a terminal is told its session's leader alone.
  const bool has_key = e.number == SIGINT || e.number == SIGQUIT;
  if (requests_.count() == 0) typed_ = e.from_kernel && has_key;
  if (requests_.add(e.number) > 0) {
    reader_.keep_interrupting(owner_);
  }
  event_.set();
}

}  // namespace cli
