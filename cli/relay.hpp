// Passes the signals that `brood run` gets on to its command.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <vector>

#include <brood/process.hpp>

#include "flags.hpp"
#include "proc.hpp"
#include "signals.hpp"

namespace cli {

/// What a signal to the tool does to the command, so that the command is as if it ran alone.
///
/// A terminal sends INT, QUIT, TSTP and HUP to its whole foreground group, in which the command is
/// beside us: those have arrived already. What a process sends reaches us alone.
///
/// For each attempt there is attach(), unless it was not started, then ended(); between two
/// attempts there is wait_until(). A signal that comes amid a start waits a second for attach(),
/// and then does to the tool what it does by default: the start is stuck. One thread calls all of
/// this.
class relay {
 public:
  /// Blocks the signals, so that none is lost before there is a command. Errors: failure.
  explicit relay(const settings& s);

  /// Starts to listen. Before the spawn if that may block for ever (a FIFO that nobody opens), so
  /// that a signal can end it; afterwards otherwise, when it costs no time. Errors: failure.
  void listen();

  /// `p` gets the signals, and has to live until ended().
  void attach(brood::process& p);
  /// The attempt has ended, or was not started. All signals that were sent before this call have
  /// been handled when it returns.
  void ended();

  /// The first signal that asked for a stop, or 0: no further attempt may start after one.
  int stop_asked() const { return asked_; }
  /// Waits until `at` (monotonic ns) to start the next attempt. False, at once, if a stop is asked
  /// for; true: signals are from now on for the next attempt, which has to start.
  bool wait_until(std::int64_t at);

 private:
  enum class phase { starting, running, ended };

  void take(const signal_event& e);
  void take_between(const signal_event& e);
  void take_running(const signal_event& e);
  bool await_command() const;
  bool asks_to_stop(int signal) const;
  void note_stop(int signal);
  void stop_command(int signal);
  void suspend_command(bool reached);
  void reap_orphans();
  proc_stat command() const;
  pid_t group_of_command() const;
  bool is_from_within(pid_t sender) const;

  std::vector<brood::stop_step> ladder_;
  bool init_ = false;
  std::vector<pid_t> own_children_;  // before and after the spawn: the library's to reap

  // Of the attempt that runs; written before phase_ says so.
  brood::process* process_ = nullptr;
  proc_stat at_start_;
  std::atomic<phase> phase_ = phase::starting;

  bool suspended_ = false;
  stop_requests requests_;
  std::atomic<int> asked_ = 0;
  std::mutex wait_lock_;
  std::condition_variable asked_now_;

  signal_reader reader_;  // last: its thread uses the others
};

}  // namespace cli
