// Handlers that count, wake and keep on interrupting.
// SPDX-License-Identifier: Apache-2.0
#include "map/interrupts.hpp"

#include <signal.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstring>
#include <string>

#include "exit.hpp"

namespace cli {

namespace {

// A sender like timeout(1) signals first the process and then its group: one wish, two signals.
constexpr std::int64_t same_wish_ns = 250'000'000;
constexpr std::int64_t nudge_ns = 50'000'000;

// What handlers have instead of an object.
std::atomic<int> first_signal = 0;
std::atomic<int> wish_count = 0;
std::atomic<std::int64_t> last_wish = 0;
std::atomic<bool> asked = false;
std::atomic<int> event_number = -1;
timer_t nudges;

void notify() {
  const std::uint64_t one = 1;
  (void)!::write(event_number, &one, sizeof one);
}

void on_stop(int signal) {
  const int saved = errno;
  timespec t{};
  ::clock_gettime(CLOCK_MONOTONIC, &t);
  const std::int64_t now = t.tv_sec * 1'000'000'000 + t.tv_nsec;
  if (wish_count == 0 || now - last_wish > same_wish_ns) {
    int none = 0;
    first_signal.compare_exchange_strong(none, signal);
    last_wish = now;
    ++wish_count;
    const itimerspec often{{0, nudge_ns}, {0, nudge_ns}};
    ::timer_settime(nudges, 0, &often, nullptr);
    notify();
  }
  errno = saved;
}

void on_question(int) {
  const int saved = errno;
  asked = true;
  notify();
  errno = saved;
}

void on_nudge(int) {}

void handle(int signal, void (*f)(int)) {
  struct sigaction old {};
  ::sigaction(signal, nullptr, &old);
  if (old.sa_handler == SIG_IGN && signal != SIGALRM) return;  // as nohup(1) wants it
  struct sigaction action {};
  action.sa_handler = f;
  ::sigemptyset(&action.sa_mask);
  ::sigaction(signal, &action, nullptr);  // not SA_RESTART: to interrupt is the purpose
}

}  // namespace

interrupts::interrupts() : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (event_ < 0) throw failure{std::string("eventfd: ") + std::strerror(errno)};
  event_number = event_;
  sigevent by{};
  by.sigev_notify = SIGEV_SIGNAL;
  by.sigev_signo = SIGALRM;
  if (::timer_create(CLOCK_MONOTONIC, &by, &nudges) != 0) {
    throw failure{std::string("timer_create: ") + std::strerror(errno)};
  }
  handle(SIGALRM, on_nudge);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP, SIGQUIT}) handle(signal, on_stop);
  handle(SIGUSR1, on_question);
}

int interrupts::signal() const { return first_signal; }
int interrupts::wishes() const { return wish_count; }
bool interrupts::take_question() { return asked.exchange(false); }
void interrupts::wake() const { notify(); }

void interrupts::clear() const {
  std::uint64_t count = 0;
  (void)!::read(event_, &count, sizeof count);
}

}  // namespace cli
