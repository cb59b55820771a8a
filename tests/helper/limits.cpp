// Verbs that use up a resource, up to the limit a test has set.
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "verbs.hpp"

namespace helper {

void verb_eat_memory(arguments args) {
  // In small mappings: a limit is met where it is, and overcommit cannot promise the whole.
  constexpr std::size_t step = 1024 * 1024;
  constexpr std::size_t page = 4096;
  std::uint64_t left = to_size(args[0]);
  while (left > 0) {
    const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(left, step));
    void* block = mmap(nullptr, n, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block == MAP_FAILED) {
      put(STDOUT_FILENO, "ENOMEM\n");
      return;
    }
    for (std::size_t i = 0; i < n; i += page) static_cast<volatile char*>(block)[i] = 'x';
    left -= n;
  }
  put(STDOUT_FILENO, "ok\n");
}

void verb_open_files(arguments args) {
  const std::int64_t count = to_integer(args[0]);
  std::vector<int> fds;
  for (std::int64_t i = 0; i < count; ++i) {
    const int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (fd < 0) break;
    fds.push_back(fd);
  }
  for (const int fd : fds) close(fd);
  put(STDOUT_FILENO, std::to_string(fds.size()) + "\n");
}

void verb_write_file(arguments args) {
  const int fd = open(args[0], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) fail(args[0]);
  const std::string block(64 * 1024, 'x');
  std::uint64_t left = to_size(args[1]);
  while (left > 0) {
    const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(left, block.size()));
    put(fd, std::string_view(block.data(), n));
    left -= n;
  }
  close(fd);
}

void verb_fork_bomb_bounded(arguments args) {
  const std::int64_t count = to_integer(args[0]);
  if (count < 0 || count > 1000) fail_usage("fork-bomb-bounded: 0 to 1000");
  const pid_t self = getpid();
  std::vector<pid_t> children;
  children.reserve(static_cast<std::size_t>(count));
  for (std::int64_t i = 0; i < count; ++i) {
    const pid_t pid = fork();  // not fork_bounded: here a failure is an answer
    if (pid < 0) break;
    if (pid == 0) {
      // A thousand strays would be too many for the safety net: they go when their parent goes.
      prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (getppid() != self) _exit(0);
      arm_safety_net();
      for (;;) pause();
    }
    children.push_back(pid);
  }
  for (const pid_t pid : children) kill_child(pid, SIGKILL);
  for (const pid_t pid : children) {
    while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  put(STDOUT_FILENO, std::to_string(children.size()) + "\n");
}

}  // namespace helper
