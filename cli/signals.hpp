// Passes the signals that the tool gets on to the command.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pthread.h>
#include <signal.h>
#include <sys/types.h>

#include <atomic>
#include <ctime>
#include <vector>

#include <brood/process.hpp>

#include "flags.hpp"

namespace cli {

/// Let `signal` do to this process what it does by default. Returns if that is not its end.
void take_by_default(int signal);

/// What a signal to the tool does to the command, so that the command is as if it ran alone.
///
/// A terminal sends INT, QUIT, TSTP and HUP to its whole foreground group, in which the command is
/// beside us: those have arrived already. What a process sends reaches us alone.
///
/// Lives until the tool exits, as its thread does.
class relay {
 public:
  /// Blocks the signals, so that none is lost before there is a command.
  explicit relay(const settings& s);
  relay(const relay&) = delete;
  relay& operator=(const relay&) = delete;

  /// Start to listen. Before the spawn if that may block for ever (a FIFO that nobody opens), so
  /// that a signal can end it; afterwards otherwise, when it costs no time. Errors: failure.
  void listen();
  void attach(brood::process& p);
  /// Between two commands: signals do to the tool what they do by default.
  void idle(bool on) { idle_ = on; }

 private:
  void choose();
  static void* serve(void* self);
  bool await_command() const;
  void handle(const siginfo_t& info);
  void stop_command(const siginfo_t& info);
  void suspend_command(bool reached);
  void reap_orphans();
  bool is_from_within(pid_t sender) const;

  std::atomic<brood::process*> process_ = nullptr;
  std::vector<brood::stop_step> ladder_;
  std::vector<pid_t> own_children_;  // before and after the spawn: the library's to reap
  sigset_t set_{};
  std::atomic<bool> idle_ = false;
  bool init_ = false;
  bool suspended_ = false;
  std::timespec first_stop_{};
};

}  // namespace cli
