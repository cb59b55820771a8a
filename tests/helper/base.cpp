// What all verbs of brood-helper share: unbuffered I/O, number and signal parsing, bounded forks.
// SPDX-License-Identifier: Apache-2.0
#include "base.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>

namespace helper {

namespace {

struct named_signal {
  const char* name;
  int number;
};

constexpr std::array signals{
    named_signal{"HUP", SIGHUP},       named_signal{"INT", SIGINT},
    named_signal{"QUIT", SIGQUIT},     named_signal{"ILL", SIGILL},
    named_signal{"TRAP", SIGTRAP},     named_signal{"ABRT", SIGABRT},
    named_signal{"BUS", SIGBUS},       named_signal{"FPE", SIGFPE},
    named_signal{"KILL", SIGKILL},     named_signal{"USR1", SIGUSR1},
    named_signal{"SEGV", SIGSEGV},     named_signal{"USR2", SIGUSR2},
    named_signal{"PIPE", SIGPIPE},     named_signal{"ALRM", SIGALRM},
    named_signal{"TERM", SIGTERM},     named_signal{"CHLD", SIGCHLD},
    named_signal{"CONT", SIGCONT},     named_signal{"STOP", SIGSTOP},
    named_signal{"TSTP", SIGTSTP},     named_signal{"TTIN", SIGTTIN},
    named_signal{"TTOU", SIGTTOU},     named_signal{"URG", SIGURG},
    named_signal{"XCPU", SIGXCPU},     named_signal{"XFSZ", SIGXFSZ},
    named_signal{"VTALRM", SIGVTALRM}, named_signal{"PROF", SIGPROF},
    named_signal{"WINCH", SIGWINCH},   named_signal{"IO", SIGIO},
    named_signal{"SYS", SIGSYS},
};

void wait_ready(int fd, short events) {
  pollfd entry{fd, events, 0};
  poll(&entry, 1, -1);
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

const char* program_name = "";

void fail(std::string_view what) {
  const std::string reason = std::strerror(errno);
  fail_usage(std::string(what) + ": " + reason);
}

void fail_usage(std::string_view what) {
  const std::string line = "brood-helper: " + std::string(what) + "\n";
  // Not put(): its failure would come back here.
  if (write(STDERR_FILENO, line.data(), line.size()) < 0) _exit(failure_status);
  _exit(failure_status);
}

void put(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = write(fd, text.data(), text.size());
    if (n >= 0) {
      text.remove_prefix(static_cast<std::size_t>(n));
    } else if (errno == EAGAIN) {
      wait_ready(fd, POLLOUT);
    } else if (errno != EINTR) {
      fail("write to descriptor " + std::to_string(fd));
    }
  }
}

std::size_t take(int fd, char* to, std::size_t size) {
  for (;;) {
    const ssize_t n = read(fd, to, size);
    if (n >= 0) return static_cast<std::size_t>(n);
    // A pseudo-terminal whose other side is gone says EIO where a pipe says end-of-file.
    if (errno == EIO && isatty(fd) != 0) return 0;
    if (errno == EAGAIN) {
      wait_ready(fd, POLLIN);
    } else if (errno != EINTR) {
      fail("read from descriptor " + std::to_string(fd));
    }
  }
}

bool take_line(int fd, std::string& line) {
  line.clear();
  char c = 0;
  while (take(fd, &c, 1) == 1) {
    if (c == '\n') return true;
    line += c;
  }
  return !line.empty();
}

std::int64_t to_integer(const char* text) {
  char* end = nullptr;
  errno = 0;
  const long long value = std::strtoll(text, &end, 10);
  if (errno != 0 || end == text || *end != '\0') {
    fail_usage("not a number: " + std::string(text));
  }
  return value;
}

int to_fd(const char* text) {
  const std::int64_t value = to_integer(text);
  if (value < 0 || value > 0x7fffffff) fail_usage("not a descriptor: " + std::string(text));
  return static_cast<int>(value);
}

double to_seconds(const char* text) {
  char* end = nullptr;
  const double value = std::strtod(text, &end);
  if (end == text || *end != '\0' || !(value >= 0 && value <= safety_seconds)) {
    fail_usage("not 0 to 300 seconds: " + std::string(text));
  }
  return value;
}

std::uint64_t to_size(const char* text) {
  char* end = nullptr;
  errno = 0;
  const unsigned long long value = std::strtoull(text, &end, 10);
  unsigned shift = 0;
  if (*end == 'K') shift = 10;
  if (*end == 'M') shift = 20;
  if (*end == 'G') shift = 30;
  if (errno != 0 || end == text || *text == '-' || *(shift != 0 ? end + 1 : end) != '\0' ||
      value > (UINT64_MAX >> shift)) {
    fail_usage("not a size: " + std::string(text));
  }
  return static_cast<std::uint64_t>(value) << shift;
}

int to_signal(const char* text) {
  const char* name = std::strncmp(text, "SIG", 3) == 0 ? text + 3 : text;
  for (const named_signal& s : signals) {
    if (std::strcmp(s.name, name) == 0) return s.number;
  }
  const std::int64_t value = to_integer(text);
  if (value < 1 || value > 64) fail_usage("not a signal: " + std::string(text));
  return static_cast<int>(value);
}

std::string signal_name(int number) {
  for (const named_signal& s : signals) {
    if (s.number == number) return s.name;
  }
  return std::to_string(number);
}

std::string unescape(std::string_view text) {
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      result += text[i];
      continue;
    }
    const char c = text[++i];
    if (c == 'n') {
      result += '\n';
    } else if (c == 'r') {
      result += '\r';
    } else if (c == 't') {
      result += '\t';
    } else if (c == '0') {
      result += '\0';
    } else if (c == '\\') {
      result += '\\';
    } else if (c == 'x' && i + 2 < text.size() && hex_digit(text[i + 1]) >= 0 &&
               hex_digit(text[i + 2]) >= 0) {
      result += static_cast<char>(hex_digit(text[i + 1]) * 16 + hex_digit(text[i + 2]));
      i += 2;
    } else {
      fail_usage("unknown escape in: " + std::string(text));
    }
  }
  return result;
}

std::int64_t monotonic_now() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

void sleep_until(std::int64_t monotonic_nanoseconds) {
  timespec until{};
  until.tv_sec = static_cast<time_t>(monotonic_nanoseconds / 1'000'000'000);
  until.tv_nsec = static_cast<long>(monotonic_nanoseconds % 1'000'000'000);
  // A point in time, not a span: a handled signal must not make the sleep longer or shorter.
  while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, nullptr) == EINTR) {
  }
}

void arm_safety_net() {
  // A timer that sends SIGKILL and not alarm(): tests start us with signals blocked and ignored.
  sigevent event{};
  event.sigev_notify = SIGEV_SIGNAL;
  event.sigev_signo = SIGKILL;
  timer_t timer{};
  itimerspec when{};
  when.it_value.tv_sec = safety_seconds;
  if (timer_create(CLOCK_MONOTONIC, &event, &timer) != 0 ||
      timer_settime(timer, 0, &when, nullptr) != 0) {
    alarm(safety_seconds);
  }
}

pid_t fork_bounded() {
  const pid_t pid = fork();
  if (pid < 0) fail("fork");
  if (pid == 0) arm_safety_net();
  return pid;
}

void kill_child(pid_t pid, int signal) {
  if (pid <= 1) fail_usage("refusing to signal pid " + std::to_string(pid));
  kill(pid, signal);
}

}  // namespace helper
