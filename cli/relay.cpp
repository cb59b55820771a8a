// Decides for each signal whether the command has it already, and if not, how it gets it.
// SPDX-License-Identifier: Apache-2.0
#include "relay.hpp"

#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <ctime>
#include <utility>

#include <brood/error.hpp>

namespace cli {

namespace {

// Not here: faults and limits, which are about the tool itself; TTIN and TTOU, whose default, to
// stop, is right for the tool as for the command beside it; CHLD, which only --init wants.
constexpr std::array passed_on = {SIGHUP,  SIGINT,  SIGQUIT, SIGTERM,  SIGUSR1,  SIGUSR2,
                                  SIGALRM, SIGPIPE, SIGTSTP, SIGCONT,  SIGWINCH, SIGURG,
                                  SIGIO,   SIGPWR,  SIGPROF, SIGVTALRM};

// For how many milliseconds a signal waits for a start that it may have come amid. An exec takes
// milliseconds; one that takes longer is stuck, and the signal is wanted to end it.
constexpr int start_patience = 1000;
// And how long a command has to stop itself after Ctrl-Z, by way of a handler that first puts the
// terminal in order.
constexpr int suspend_patience = 500;

std::vector<int> signals_for(bool init) {
  std::vector<int> all(passed_on.begin(), passed_on.end());
  for (int signal = SIGRTMIN; signal <= SIGRTMAX; ++signal) all.push_back(signal);
  if (init) all.push_back(SIGCHLD);
  return all;
}

void sleep_1_ms() {
  const std::timespec one_ms{0, 1'000'000};
  ::nanosleep(&one_ms, nullptr);
}

// By the default action of TSTP and not by STOP: the shell reports it as it does for the command,
// and in an orphaned group, where nobody could continue us, nothing happens.
void stop_ourselves() { take_by_default(SIGTSTP); }

}  // namespace

relay::relay(const settings& s)
    : ladder_(s.options.stop),
      init_(s.init),
      own_children_(s.init ? own_children() : std::vector<pid_t>()),
      reader_(signals_for(s.init), [this](const signal_event& e) { take(e); }) {}

void relay::listen() { reader_.start(); }

void relay::attach(brood::process& p) {
  at_start_ = read_stat(p.pid());
  if (at_start_.start == 0) at_start_.group = ::getpgid(p.pid());  // without /proc
  if (init_) {
    // By name, not by listing: an orphan may have come to us in the meantime. The command's parent
    // is its guardian, which is the library's to reap, or ourselves.
    own_children_.push_back(p.pid());
    own_children_.push_back(at_start_.parent);
  }
  process_ = &p;
  phase_ = phase::running;
}

void relay::ended() {
  if (phase_ == phase::running) reader_.take_pending();  // what was sent meanwhile was meant for it
  phase_ = phase::ended;
  reader_.take_pending();  // and now no handler has hold of it any more
}

bool relay::wait_until(std::int64_t at) {
  const std::chrono::steady_clock::time_point until{std::chrono::nanoseconds(at)};
  {
    std::unique_lock hold(wait_lock_);
    asked_now_.wait_until(hold, until, [this] { return asked_ != 0; });
  }
  // A stop either was noted before this, or finds the next attempt.
  reader_.exclusively([this] { phase_ = phase::starting; });
  if (asked_ != 0) phase_ = phase::ended;
  return asked_ == 0;
}

// --- in the reader's thread ----------------------------------------------------------------------

void relay::take(const signal_event& e) {
  if (phase_ == phase::ended) return take_between(e);
  if (!await_command()) return take_by_default(e.number);
  if (phase_ == phase::ended) return take_between(e);  // the start has failed
  try {
    take_running(e);
  } catch (const brood::error&) {
    // The command became somebody whom we may not signal: there is no one to tell it to, and the
    // next signal may be allowed.
  }
}

/// False if the start is stuck.
bool relay::await_command() const {
  for (int i = 0; i < start_patience && phase_ == phase::starting; ++i) sleep_1_ms();
  return phase_ != phase::starting;
}

void relay::take_between(const signal_event& e) {
  if (e.number == SIGCHLD) return reap_orphans();
  if (e.number == SIGTSTP) return stop_ourselves();
  if (!asks_to_stop(e.number)) return;  // meant for a command, and there is none
  // The first one lets the tool report what has been run. That may take for ever, if nobody reads
  // what it writes: the second one ends it.
  note_stop(e.number);
  if (requests_.add(e.number) > 1) take_by_default(e.number);
}

void relay::take_running(const signal_event& e) {
  if (e.number == SIGCHLD) return reap_orphans();
  const bool reached = e.from_kernel && group_of_command() == ::getpgrp();
  if (e.number == SIGTSTP) return suspend_command(reached);
  if (e.number == SIGCONT) {
    // After a suspend() everything it stopped goes on. Otherwise to the command alone, which may
    // have been stopped by itself; in our group it has been continued already, and again is no
    // harm.
    return std::exchange(suspended_, false) ? process_->resume() : process_->send_signal(SIGCONT);
  }
  if (asks_to_stop(e.number)) {
    // `kill 0` in a script is meant for the script's own processes, of which we are none.
    if (!e.from_kernel && is_from_within(e.sender)) return;
    note_stop(e.number);
  }
  const bool typed = e.number == SIGINT || e.number == SIGQUIT;
  if (reached && (typed || e.number == SIGWINCH)) return;  // the command decides
  const auto& stops = stopping_signals;
  const bool is_stop = std::find(stops.begin(), stops.end(), e.number) != stops.end();
  if (is_stop && !init_) return stop_command(e.number);
  process_->send_signal(e.number);
}

/// Under --init, HUP is passed on as what it is to services: the wish to read their settings again.
bool relay::asks_to_stop(int signal) const {
  const auto& stops = stopping_signals;
  if (std::find(stops.begin(), stops.end(), signal) == stops.end()) return false;
  return !init_ || signal != SIGHUP;
}

void relay::note_stop(int signal) {
  const std::lock_guard hold(wait_lock_);
  if (asked_ == 0) asked_ = signal;
  asked_now_.notify_all();
}

void relay::stop_command(int signal) {
  if (requests_.add(signal) == 0) return;
  std::vector<brood::stop_step> ladder = ladder_;
  if (ladder.empty()) {
    ladder.push_back({signal});
  } else {
    ladder[0].signal = signal;
  }
  process_->request_stop(std::move(ladder));  // asked again: KILL
}

/// \param reached  the command got the TSTP as well.
void relay::suspend_command(bool reached) {
  if (!reached) {
    suspended_ = true;
    process_->suspend();
    return stop_ourselves();
  }
  // The command may ignore it, or first put the terminal in order. We stop if and when it has:
  // were we to stop alone, the shell would take the terminal away from a command that runs.
  for (int i = 0; i < suspend_patience; ++i, sleep_1_ms()) {
    const char state = command().state;
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

/// Its state now; nothing if it is gone, also if somebody else has its number by now.
proc_stat relay::command() const {
  const proc_stat now = read_stat(process_->pid());
  return now.start == at_start_.start ? now : proc_stat{};
}

/// The one that it is in, or was in when it started, if it is gone.
pid_t relay::group_of_command() const {
  const proc_stat now = command();
  return now.start != 0 ? now.group : at_start_.group;
}

bool relay::is_from_within(pid_t sender) const {
  if (sender <= 1 || ::getpgid(sender) != ::getpgrp()) return false;
  // More ancestors than that only a cycle has, read while numbers were used again.
  constexpr int most_ancestors = 64;
  for (int depth = 0; sender > 1 && depth < most_ancestors; ++depth) {
    if (sender == process_->pid()) return true;
    sender = read_stat(sender).parent;
  }
  return false;
}

}  // namespace cli
