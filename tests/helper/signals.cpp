// Verbs about how a process ends and which signals it listens to.
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdlib>
#include <string>

#include "verbs.hpp"

namespace helper {

namespace {

// Leaked on purpose: the handler may run until the process is gone.
const std::string* term_text = nullptr;
int term_code = 0;

void at_term(int) {
  // Only async-signal-safe calls from here on.
  if (write(STDOUT_FILENO, term_text->data(), term_text->size()) < 0) _exit(failure_status);
  _exit(term_code);
}

void set_handler(int signal, void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  sigemptyset(&action.sa_mask);
  if (sigaction(signal, &action, nullptr) != 0) fail("sigaction " + signal_name(signal));
}

sigset_t set_of(arguments names) {
  sigset_t set;
  if (names.empty()) {
    sigfillset(&set);
    return set;
  }
  sigemptyset(&set);
  for (const char* name : names) sigaddset(&set, to_signal(name));
  return set;
}

void die_by(int signal) {
  if (signal != SIGKILL && signal != SIGSTOP) set_handler(signal, SIG_DFL);
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, signal);
  sigprocmask(SIG_UNBLOCK, &set, nullptr);
  kill(getpid(), signal);  // just us: getpid() is never 0 or negative
}

}  // namespace

void verb_exit(arguments args) { _exit(static_cast<int>(to_integer(args[0]))); }

void verb_exit_once(arguments args) {
  if (open(args[0], O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644) < 0) return;
  _exit(static_cast<int>(to_integer(args[1])));
}

void verb_abort(arguments) {
  prctl(PR_SET_DUMPABLE, 0);
  std::abort();
}

void verb_crash_core(arguments) { die_by(SIGSEGV); }

void verb_kill_self(arguments args) {
  const int signal = to_signal(args[0]);
  // Not the core limit: a core_pattern that pipes to a program ignores it.
  if (signal != SIGSTOP && signal != SIGTSTP) prctl(PR_SET_DUMPABLE, 0);
  die_by(signal);
}

void verb_ignore(arguments args) {
  for (const char* name : args) set_handler(to_signal(name), SIG_IGN);
}

void verb_on_term(arguments args) {
  term_text = new std::string(unescape(args[0]));
  term_code = static_cast<int>(to_integer(args[1]));
  set_handler(SIGTERM, at_term);
}

void verb_block_signals(arguments args) {
  const sigset_t set = set_of(args);
  if (sigprocmask(SIG_BLOCK, &set, nullptr) != 0) fail("sigprocmask");
}

void verb_wait_signal(arguments args) {
  verb_block_signals(args);
  const sigset_t set = set_of(args);
  int signal = 0;
  if (sigwait(&set, &signal) != 0) fail("sigwait");
  put(STDOUT_FILENO, signal_name(signal) + "\n");
}

void verb_signal_parent(arguments args) { kill_child(getppid(), to_signal(args[0])); }

void verb_become_user(arguments args) {
  const auto id = static_cast<uid_t>(to_integer(args[0]));
  if (setresgid(id, id, id) != 0 || setresuid(id, id, id) != 0) fail("become-user");
}

}  // namespace helper
