// Files that tests write and read, and processes that they wait for.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace support {

// Long enough for a loaded machine under a sanitizer; only a failing test waits for all of it.
inline constexpr std::chrono::seconds patience{20};

// The bytes of a file; "" if it cannot be read. Works for /proc, where sizes are 0.
std::string read_file(const std::string& path);

// Creates or replaces; throws std::system_error.
void write_file(const std::string& path, std::string_view text, mode_t mode = 0644);

// The lines of a text, without their newlines.
std::vector<std::string> split_lines(std::string_view text);
std::vector<std::string> lines_of(const std::string& path);

// Waits until the file has `count` whole lines, and returns its lines, also at the deadline: the
// caller checks how many there are.
std::vector<std::string> wait_for_file_line_count(const std::string& path, std::size_t count,
                                                  std::chrono::milliseconds deadline = patience);

// Exists, and is not a zombie.
bool pid_alive(pid_t pid);

// True once the process is gone (or a zombie), false at the deadline.
bool wait_gone(pid_t pid, std::chrono::milliseconds deadline = patience);

// Sends SIGKILL to one process. Refuses pids <= 1: they are groups, everything, or init.
void kill_pid(pid_t pid);

// Asks `done()` about every millisecond; its last answer.
template <class Done>
bool poll_until(std::chrono::milliseconds deadline, Done done);

void short_nap();  // 1 ms

template <class Done>
bool poll_until(std::chrono::milliseconds deadline, Done done) {
  const auto end = std::chrono::steady_clock::now() + deadline;
  while (!done()) {
    if (std::chrono::steady_clock::now() >= end) return done();
    short_nap();
  }
  return true;
}

}  // namespace support
