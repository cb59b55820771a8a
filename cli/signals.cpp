// A thread that waits for signals and hands each to the command in the way that it deserves.
// SPDX-License-Identifier: Apache-2.0
#include "signals.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include <brood/error.hpp>

#include "exit.hpp"
#include "proc.hpp"

namespace cli {

namespace {

// Not here: faults and limits, which are about the tool itself; TTIN and TTOU, whose default, to
// stop, is right for the tool as for the command beside it; CHLD, which only --init wants.
constexpr std::array passed_on = {SIGHUP,  SIGINT,  SIGQUIT, SIGTERM,  SIGUSR1,  SIGUSR2,
                                  SIGALRM, SIGPIPE, SIGTSTP, SIGCONT,  SIGWINCH, SIGURG,
                                  SIGIO,   SIGPWR,  SIGPROF, SIGVTALRM};

// A sender like timeout(1) signals first the process and then its group: one wish, two signals.
constexpr long same_wish_ms = 250;

bool from_kernel(const siginfo_t& info) { return info.si_code > 0; }

std::timespec now() {
  std::timespec t{};
  ::clock_gettime(CLOCK_MONOTONIC, &t);
  return t;
}

long milliseconds_since(const std::timespec& t) {
  const std::timespec n = now();
  return (n.tv_sec - t.tv_sec) * 1000 + (n.tv_nsec - t.tv_nsec) / 1'000'000;
}

void nap() {
  const std::timespec one_ms{0, 1'000'000};
  ::nanosleep(&one_ms, nullptr);
}

// By the default action of TSTP and not by STOP: the shell reports it as it does for the command,
// and in an orphaned group, where nobody could continue us, nothing happens.
void stop_ourselves() { take_by_default(SIGTSTP); }

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

relay::relay(const settings& s) : ladder_(s.options.stop), init_(s.init) {
  choose();
  if (const int e = ::pthread_sigmask(SIG_BLOCK, &set_, nullptr)) {
    throw failure{std::string("pthread_sigmask: ") + std::strerror(e)};
  }
  if (init_) own_children_ = own_children();
}

void relay::choose() {
  ::sigemptyset(&set_);
  for (const int signal : passed_on) {
    // Ignored by whoever started us (nohup): so it is for the command, and must be for us. A
    // blocked signal would be queued in spite of that.
    struct sigaction action {};
    ::sigaction(signal, nullptr, &action);
    if (action.sa_handler != SIG_IGN) ::sigaddset(&set_, signal);
  }
  for (int signal = SIGRTMIN; signal <= SIGRTMAX; ++signal) ::sigaddset(&set_, signal);
  if (init_) ::sigaddset(&set_, SIGCHLD);
}

void relay::attach(brood::process& p) {
  if (init_) {
    // By name, not by listing: an orphan may have come to us in the meantime. The command's parent
    // is its guardian, which is the library's to reap, or ourselves.
    own_children_.push_back(p.pid());
    own_children_.push_back(read_stat(p.pid()).parent);
  }
  process_ = &p;
}

void relay::listen() {
  pthread_t thread{};
  if (const int e = ::pthread_create(&thread, nullptr, serve, this)) {
    throw failure{std::string("pthread_create: ") + std::strerror(e)};
  }
  ::pthread_detach(thread);
}

void* relay::serve(void* self) {
  auto& r = *static_cast<relay*>(self);
  for (;;) {
    siginfo_t info{};
    if (::sigwaitinfo(&r.set_, &info) < 0) continue;
    if (r.idle_ || !r.await_command()) {
      take_by_default(info.si_signo);
      continue;
    }
    try {
      r.handle(info);
    } catch (const brood::error&) {
      // The command became somebody who may not be signalled by us: there is no one to tell it to,
      // and the next signal may be allowed.
    }
  }
  return nullptr;
}

/// False if there is none after a second: the spawn is stuck.
bool relay::await_command() const {
  for (int i = 0; i < 1000 && process_ == nullptr; ++i) nap();
  return process_ != nullptr;
}

void relay::handle(const siginfo_t& info) {
  const pid_t group = ::getpgid(process_.load()->pid());
  const bool reached = from_kernel(info) && group == ::getpgrp();
  switch (info.si_signo) {
    case SIGCHLD:
      return reap_orphans();
    case SIGTSTP:
      if (group < 0) return;  // it has ended, and so shall we
      return suspend_command(reached);
    case SIGCONT:
      // After a suspend() everything it stopped goes on. Otherwise to the command alone, which may
      // have been stopped by itself; in our group it has been continued already, and again is no
      // harm.
      if (!std::exchange(suspended_, false)) return process_.load()->send_signal(SIGCONT);
      return process_.load()->resume();
    case SIGINT:
    case SIGQUIT:
      if (reached) return;  // the command decides
      break;
    case SIGWINCH:
      if (reached) return;
      break;
    default:
      break;
  }
  const bool stops = info.si_signo == SIGINT || info.si_signo == SIGQUIT ||
                     info.si_signo == SIGTERM || info.si_signo == SIGHUP;
  if (stops && !init_) return stop_command(info);
  process_.load()->send_signal(info.si_signo);
}

void relay::stop_command(const siginfo_t& info) {
  // `kill 0` in a script is meant for the script's own processes, of which we are none.
  if (!from_kernel(info) && is_from_within(info.si_pid)) return;
  if (first_stop_.tv_sec == 0) {
    first_stop_ = now();
  } else if (milliseconds_since(first_stop_) < same_wish_ms) {
    return;
  }
  std::vector<brood::stop_step> ladder = ladder_;
  if (ladder.empty()) {
    ladder.push_back({info.si_signo});
  } else {
    ladder[0].signal = info.si_signo;
  }
  process_.load()->request_stop(std::move(ladder));
}

/// \param reached  the command got the TSTP as well.
void relay::suspend_command(bool reached) {
  if (!reached) {
    suspended_ = true;
    process_.load()->suspend();
    return stop_ourselves();
  }
  // The command may ignore it, or first put the terminal in order. We stop if and when it has:
  // were we to stop alone, the shell would take the terminal away from a command that runs.
  for (int i = 0; i < 500; ++i, nap()) {
    const char state = read_stat(process_.load()->pid()).state;
    if (state == 'T') return stop_ourselves();
    if (state == 'Z' || state == 0) return;
  }
}

void relay::reap_orphans() {
  for (const pid_t pid : own_children()) {
    const bool ours =
        std::find(own_children_.begin(), own_children_.end(), pid) != own_children_.end();
    if (!ours) ::waitpid(pid, nullptr, WNOHANG);
  }
}

bool relay::is_from_within(pid_t sender) const {
  if (sender <= 1 || ::getpgid(sender) != ::getpgrp()) return false;
  for (int depth = 0; sender > 1 && depth < 64; ++depth) {
    if (sender == process_.load()->pid()) return true;
    sender = read_stat(sender).parent;
  }
  return false;
}

}  // namespace cli
