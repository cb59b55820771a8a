// Verbs that take time, or say that it has come.
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <string>

#include "verbs.hpp"

namespace helper {

namespace {

std::int64_t nanoseconds(double seconds) { return static_cast<std::int64_t>(seconds * 1e9); }

std::int64_t cpu_now() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

}  // namespace

void verb_sleep(arguments args) {
  const std::int64_t start = monotonic_now();
  sleep_until(start + nanoseconds(to_seconds(args[0])));
}

void verb_pause(arguments) {
  for (;;) pause();
}

void verb_drip(arguments args) {
  const std::int64_t count = to_integer(args[0]);
  const std::int64_t interval = to_integer(args[1]) * 1'000'000;
  const std::string text = unescape(args[2]);
  const std::int64_t start = monotonic_now();
  for (std::int64_t i = 0; i < count; ++i) {
    // Counted from the start, so that slow writes do not add up.
    sleep_until(start + i * interval);
    put(STDOUT_FILENO, text);
  }
}

void verb_ready(arguments args) {
  const char* where = args[0];
  if (std::strspn(where, "0123456789") == std::strlen(where)) {
    put(to_fd(where), "\n");
    return;
  }
  const int fd = open(where, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) fail(where);
  put(fd, "\n");
  close(fd);
}

void verb_burn_cpu(arguments args) {
  const std::int64_t end = cpu_now() + nanoseconds(to_seconds(args[0]));
  while (cpu_now() < end) {
    // The clock is a system call: a stretch of plain work makes this user time, as a test expects.
    for (volatile int i = 0; i < 100'000;) i = i + 1;
  }
}

}  // namespace helper
