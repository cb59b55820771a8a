// Files that tests write and read, and processes that they wait for.
// SPDX-License-Identifier: Apache-2.0
#include "files.hpp"

#include <fcntl.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <stdexcept>
#include <system_error>

namespace support {

std::string read_file(const std::string& path) {
  std::string text;
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return text;
  std::array<char, 16384> block{};
  for (;;) {
    const ssize_t n = read(fd, block.data(), block.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    text.append(block.data(), static_cast<std::size_t>(n));
  }
  close(fd);
  return text;
}

void write_file(const std::string& path, std::string_view text, mode_t mode) {
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
  if (fd < 0) throw std::system_error(errno, std::generic_category(), path);
  while (!text.empty()) {
    const ssize_t n = write(fd, text.data(), text.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      const int error = errno;
      close(fd);
      throw std::system_error(error, std::generic_category(), path);
    }
    text.remove_prefix(static_cast<std::size_t>(n));
  }
  close(fd);
}

std::vector<std::string> split_lines(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = text.find('\n');
    lines.emplace_back(text.substr(0, end));
    if (end == std::string_view::npos) break;
    text.remove_prefix(end + 1);
  }
  return lines;
}

std::vector<std::string> lines_of(const std::string& path) { return split_lines(read_file(path)); }

std::vector<std::string> wait_for_file_line_count(const std::string& path, std::size_t count,
                                                  std::chrono::milliseconds deadline) {
  std::string text;
  poll_until(deadline, [&] {
    text = read_file(path);
    return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n')) >= count;
  });
  return split_lines(text);
}

bool pid_alive(pid_t pid) {
  const std::string stat = read_file("/proc/" + std::to_string(pid) + "/stat");
  // `PID (NAME) STATE ...`: the name may hold anything, parentheses too, so look from the end.
  const std::size_t end = stat.rfind(')');
  if (end == std::string::npos || end + 2 >= stat.size()) return false;
  const char state = stat[end + 2];
  return state != 'Z' && state != 'X' && state != 'x';
}

bool wait_gone(pid_t pid, std::chrono::milliseconds deadline) {
  return poll_until(deadline, [pid] { return !pid_alive(pid); });
}

void kill_pid(pid_t pid) {
  if (pid <= 1 || pid == getpid()) {
    throw std::invalid_argument("refusing to kill pid " + std::to_string(pid));
  }
  kill(pid, SIGKILL);
}

void short_nap() {
  const timespec nap{0, 1'000'000};
  nanosleep(&nap, nullptr);
}

}  // namespace support
