// Names of signals, reasons and levels, for people and for files.
// SPDX-License-Identifier: Apache-2.0
#include <csignal>
#include <cstdlib>
#include <iterator>

#include <brood/status.hpp>

namespace brood {

namespace {

struct named_signal {
  std::string_view name;
  int number;
};

// The usual name of a number comes first; other names of it follow at the end.
constexpr named_signal signals[] = {
    {"HUP", SIGHUP},       {"INT", SIGINT},     {"QUIT", SIGQUIT},     {"ILL", SIGILL},
    {"TRAP", SIGTRAP},     {"ABRT", SIGABRT},   {"BUS", SIGBUS},       {"FPE", SIGFPE},
    {"KILL", SIGKILL},     {"USR1", SIGUSR1},   {"SEGV", SIGSEGV},     {"USR2", SIGUSR2},
    {"PIPE", SIGPIPE},     {"ALRM", SIGALRM},   {"TERM", SIGTERM},     {"CHLD", SIGCHLD},
    {"CONT", SIGCONT},     {"STOP", SIGSTOP},   {"TSTP", SIGTSTP},     {"TTIN", SIGTTIN},
    {"TTOU", SIGTTOU},     {"URG", SIGURG},     {"XCPU", SIGXCPU},     {"XFSZ", SIGXFSZ},
    {"PROF", SIGPROF},     {"WINCH", SIGWINCH}, {"VTALRM", SIGVTALRM}, {"SYS", SIGSYS},
    {"IO", SIGIO},
#ifdef SIGSTKFLT
    {"STKFLT", SIGSTKFLT},
#endif
#ifdef SIGPWR
    {"PWR", SIGPWR},
#endif
    {"IOT", SIGABRT},      {"CLD", SIGCHLD},    {"POLL", SIGIO},
};
constexpr int highest_signal = 64;

// "RTMIN", "RTMIN+3", "RTMAX-1": the C library keeps some for itself, so the ends are asked for.
std::optional<int> real_time_number(std::string_view bare) noexcept {
  const bool from_least = bare.starts_with("RTMIN");
  if (!from_least && !bare.starts_with("RTMAX")) return {};
  const int end = from_least ? SIGRTMIN : SIGRTMAX;
  bare.remove_prefix(5);
  if (bare.empty()) return end;
  if (bare.size() < 2 || bare.size() > 3 || bare[0] != (from_least ? '+' : '-')) return {};
  int away = 0;
  for (const char c : bare.substr(1)) {
    if (c < '0' || c > '9') return {};
    away = away * 10 + (c - '0');
  }
  if (away > SIGRTMAX - SIGRTMIN) return {};
  return from_least ? end + away : end - away;
}

// Counted from the nearer end, as kill(1) lists them.
std::string real_time_name(int number) {
  const int up = number - SIGRTMIN;
  const int down = SIGRTMAX - number;
  if (up == 0) return "SIGRTMIN";
  if (down == 0) return "SIGRTMAX";
  return up <= down ? "SIGRTMIN+" + std::to_string(up) : "SIGRTMAX-" + std::to_string(down);
}

}  // namespace

std::optional<int> signal_number(std::string_view name) noexcept {
  if (name.empty()) return {};
  if (name[0] >= '0' && name[0] <= '9') {
    int n = 0;
    for (const char c : name) {
      if (c < '0' || c > '9' || n > highest_signal) return {};
      n = n * 10 + (c - '0');
    }
    if (n < 1 || n > highest_signal) return {};
    return n;
  }
  char upper[16] = {};
  if (name.size() >= sizeof upper) return {};
  for (std::size_t i = 0; i < name.size(); ++i) {
    upper[i] = name[i] >= 'a' && name[i] <= 'z' ? static_cast<char>(name[i] - 32) : name[i];
  }
  std::string_view bare(upper, name.size());
  if (bare.starts_with("SIG")) bare.remove_prefix(3);
  for (const named_signal& s : signals) {
    if (s.name == bare) return s.number;
  }
  return real_time_number(bare);
}

std::string signal_name(int number) {
  for (const named_signal& s : signals) {
    if (s.number == number) return "SIG" + std::string(s.name);
  }
  if (number >= SIGRTMIN && number <= SIGRTMAX) return real_time_name(number);
  return "signal " + std::to_string(number);
}

std::string exit_status::to_string() const {
  switch (how_) {
    case how::exited:
      return "exit status " + std::to_string(value_);
    case how::signaled:
      return "killed by " + signal_name(value_) + (core_ ? " (core dumped)" : "");
    case how::undetermined:
      break;
  }
  return "exit status unknown";
}

std::string_view to_string(reason r) noexcept {
  constexpr std::string_view names[] = {
      "exited",       "signaled",     "timed_out",       "idle_timed_out", "cpu_limit",
      "memory_limit", "output_limit", "file_size_limit", "cancelled",      "not_started"};
  static_assert(std::size(names) == static_cast<std::size_t>(reason::not_started) + 1);
  return names[static_cast<std::size_t>(r)];
}

std::string_view to_string(containment c) noexcept {
  constexpr std::string_view names[] = {"process", "group", "tree", "sealed"};
  static_assert(std::size(names) == static_cast<std::size_t>(containment::sealed) + 1);
  return names[static_cast<std::size_t>(c)];
}

std::string_view to_string(backend b) noexcept {
  constexpr std::string_view names[] = {"native", "posix"};
  static_assert(std::size(names) == static_cast<std::size_t>(backend::posix) + 1);
  return names[static_cast<std::size_t>(b)];
}

}  // namespace brood
