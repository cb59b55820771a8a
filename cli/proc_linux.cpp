// Reads /proc with plain system calls; every file there comes in one or a few reads.
// SPDX-License-Identifier: Apache-2.0
#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

#include "proc.hpp"

namespace cli {

namespace {

std::string read_whole(const std::string& path) {
  std::string text;
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return text;
  std::array<char, 4096> block;
  for (;;) {
    const ssize_t n = ::read(fd, block.data(), block.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    text.append(block.data(), static_cast<std::size_t>(n));
  }
  ::close(fd);
  return text;
}

}  // namespace

proc_stat read_stat(pid_t pid) {
  const std::string text = read_whole("/proc/" + std::to_string(pid) + "/stat");
  // "12 (any name, parentheses too) S 1 ...": only the last one ends the name.
  const std::size_t end = text.rfind(')');
  if (end == std::string::npos) return {};
  proc_stat result;
  unsigned long long start = 0;
  // State, parent and group are the fields 3 to 5, the start time is field 22.
  const int read = std::sscanf(text.c_str() + end + 1,
                               " %c %d %d %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s %*s"
                               " %*s %*s %llu",
                               &result.state, &result.parent, &result.group, &start);
  if (read != 4) return {};
  result.start = start;
  return result;
}

std::vector<pid_t> own_children() {
  std::vector<pid_t> children;
  DIR* tasks = ::opendir("/proc/self/task");
  if (tasks == nullptr) return children;
  while (const dirent* task = ::readdir(tasks)) {
    if (task->d_name[0] == '.') continue;
    const std::string text =
        read_whole(std::string("/proc/self/task/") + task->d_name + "/children");
    char* next = nullptr;
    for (const char* at = text.c_str();; at = next) {
      const long pid = std::strtol(at, &next, 10);
      if (next == at) break;
      children.push_back(static_cast<pid_t>(pid));
    }
  }
  ::closedir(tasks);
  return children;
}

}  // namespace cli
