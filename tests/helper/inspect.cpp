// Verbs that print what a process was started with.
// SPDX-License-Identifier: Apache-2.0
#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "verbs.hpp"

namespace helper {

namespace {

std::string entry(const char* name, long long value) {
  return std::string(name) + " " + std::to_string(value) + "\n";
}

std::string read_whole(const char* path) {
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) fail(path);
  std::string text;
  std::array<char, 4096> block{};
  while (const std::size_t n = take(fd, block.data(), block.size())) text.append(block.data(), n);
  close(fd);
  return text;
}

// `SigBlk:\t0000000000010000` -> `blocked 17`
std::string signal_set(const std::string& status, const char* field, const char* label) {
  std::string line = label;
  const std::size_t at = status.find(field);
  const std::uint64_t set =
      at == std::string::npos
          ? 0
          : std::strtoull(status.c_str() + at + std::strlen(field), nullptr, 16);
  for (unsigned n = 1; n <= 64; ++n) {
    if (((set >> (n - 1)) & 1U) != 0) line += " " + std::to_string(n);
  }
  return line + "\n";
}

std::string limit_value(rlim_t value) {
  return value == RLIM_INFINITY ? "unlimited" : std::to_string(value);
}

}  // namespace

void verb_env(arguments args) {
  std::string text;
  if (args.empty()) {
    std::vector<std::string> all;
    for (char** e = environ; e != nullptr && *e != nullptr; ++e) all.emplace_back(*e);
    std::sort(all.begin(), all.end());
    for (const std::string& e : all) text += e + "\n";
  }
  for (const char* name : args) {
    const char* value = std::getenv(name);
    text +=
        value != nullptr ? std::string(name) + "=" + value + "\n" : std::string(name) + " unset\n";
  }
  put(STDOUT_FILENO, text);
}

void verb_cwd(arguments) {
  std::array<char, PATH_MAX> path{};
  if (getcwd(path.data(), path.size()) == nullptr) fail("getcwd");
  put(STDOUT_FILENO, std::string(path.data()) + "\n");
}

void verb_pid(arguments) { put(STDOUT_FILENO, std::to_string(getpid()) + "\n"); }

void verb_ids(arguments) {
  uid_t uid = 0;
  uid_t euid = 0;
  uid_t suid = 0;
  gid_t gid = 0;
  gid_t egid = 0;
  gid_t sgid = 0;
  if (getresuid(&uid, &euid, &suid) != 0 || getresgid(&gid, &egid, &sgid) != 0) fail("getres*id");
  std::string text = entry("uid", uid) + entry("euid", euid) + entry("suid", suid) +
                     entry("gid", gid) + entry("egid", egid) + entry("sgid", sgid);
  const int count = getgroups(0, nullptr);
  std::vector<gid_t> groups(count > 0 ? static_cast<std::size_t>(count) : 0);
  if (count < 0 || getgroups(count, groups.data()) != count) fail("getgroups");
  std::sort(groups.begin(), groups.end());
  for (const gid_t group : groups) text += entry("group", group);
  put(STDOUT_FILENO, text);
}

void verb_umask(arguments) {
  const mode_t mask = umask(0);
  umask(mask);
  std::array<char, 16> text{};
  std::snprintf(text.data(), text.size(), "%04o\n", static_cast<unsigned>(mask));
  put(STDOUT_FILENO, text.data());
}

void verb_nice(arguments) {
  errno = 0;
  const int value = getpriority(PRIO_PROCESS, 0);
  if (value == -1 && errno != 0) fail("getpriority");
  put(STDOUT_FILENO, std::to_string(value) + "\n");
}

void verb_session(arguments) {
  // Through /dev/tty and not 0: a process may have a terminal without having it as its input.
  const int terminal = open("/dev/tty", O_RDONLY | O_CLOEXEC | O_NOCTTY);
  const pid_t foreground = terminal >= 0 ? tcgetpgrp(terminal) : -1;
  if (terminal >= 0) close(terminal);
  put(STDOUT_FILENO, entry("pid", getpid()) + entry("ppid", getppid()) + entry("pgid", getpgrp()) +
                         entry("sid", getsid(0)) + entry("tpgid", foreground));
}

void verb_limits(arguments) {
  struct named_limit {
    const char* name;
    decltype(RLIMIT_AS) resource;  // an enumeration with glibc, int with musl
  };
  const std::array limits{
      named_limit{"as", RLIMIT_AS},
      named_limit{"core", RLIMIT_CORE},
      named_limit{"cpu", RLIMIT_CPU},
      named_limit{"data", RLIMIT_DATA},
      named_limit{"fsize", RLIMIT_FSIZE},
      named_limit{"locks", RLIMIT_LOCKS},
      named_limit{"memlock", RLIMIT_MEMLOCK},
      named_limit{"msgqueue", RLIMIT_MSGQUEUE},
      named_limit{"nice", RLIMIT_NICE},
      named_limit{"nofile", RLIMIT_NOFILE},
      named_limit{"nproc", RLIMIT_NPROC},
      named_limit{"rss", RLIMIT_RSS},
      named_limit{"rtprio", RLIMIT_RTPRIO},
      named_limit{"rttime", RLIMIT_RTTIME},
      named_limit{"sigpending", RLIMIT_SIGPENDING},
      named_limit{"stack", RLIMIT_STACK},
  };
  std::string text;
  for (const named_limit& limit : limits) {
    rlimit value{};
    if (getrlimit(limit.resource, &value) != 0) fail(limit.name);
    text += std::string(limit.name) + " " + limit_value(value.rlim_cur) + " " +
            limit_value(value.rlim_max) + "\n";
  }
  put(STDOUT_FILENO, text);
}

void verb_signals(arguments) {
  // The kernel's view: libc's sigaction hides the signals it keeps for itself.
  const std::string status = read_whole("/proc/self/status");
  put(STDOUT_FILENO, signal_set(status, "SigBlk:", "blocked") +
                         signal_set(status, "SigIgn:", "ignored") +
                         signal_set(status, "SigCgt:", "caught"));
}

void verb_list_fds(arguments) {
  DIR* directory = opendir("/proc/self/fd");
  if (directory == nullptr) fail("/proc/self/fd");
  std::vector<std::pair<int, std::string>> open_fds;
  while (const dirent* e = readdir(directory)) {
    if (e->d_name[0] == '.') continue;
    const int fd = to_fd(e->d_name);
    if (fd == dirfd(directory)) continue;
    std::array<char, PATH_MAX> target{};
    const ssize_t n = readlinkat(dirfd(directory), e->d_name, target.data(), target.size());
    open_fds.emplace_back(fd,
                          n < 0 ? "?" : std::string(target.data(), static_cast<std::size_t>(n)));
  }
  closedir(directory);
  std::sort(open_fds.begin(), open_fds.end());
  std::string text;
  for (const auto& [fd, target] : open_fds) text += std::to_string(fd) + " " + target + "\n";
  put(STDOUT_FILENO, text);
}

}  // namespace helper
