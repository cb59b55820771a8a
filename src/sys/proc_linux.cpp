// Reading /proc.
// SPDX-License-Identifier: Apache-2.0
#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "sys/fd.hpp"
#include "sys/proc.hpp"

namespace brood::detail::sys {

namespace {

constexpr std::int64_t ns_per_s = 1'000'000'000;

long read_small(const char* path, char* to, std::size_t most) noexcept {
  const fd file(open_file(path, O_RDONLY, 0));
  if (!file) return -1;
  std::size_t size = 0;
  while (size < most - 1) {
    const ssize_t n = read_some(file.get(), to + size, most - 1 - size);
    if (n <= 0) break;
    size += static_cast<std::size_t>(n);
  }
  to[size] = '\0';
  return static_cast<long>(size);
}

// Call f(number) for each entry of `path` that is a number; false if it cannot be listed.
template <class F>
bool each_number(const char* path, F f) noexcept {
  DIR* const d = ::opendir(path);
  if (!d) return false;
  while (const dirent* e = ::readdir(d)) {
    const int n = std::atoi(e->d_name);
    if (n > 0) f(n);
  }
  ::closedir(d);
  return true;
}

bool children_of_thread(int pid, int tid, pod_array<int>& out) noexcept {
  char path[64];
  std::snprintf(path, sizeof path, "/proc/%d/task/%d/children", pid, tid);
  const fd file(open_file(path, O_RDONLY, 0));
  if (!file) return false;
  char text[4096];
  int number = 0;
  for (;;) {
    const ssize_t n = read_some(file.get(), text, sizeof text);
    if (n <= 0) break;
    for (ssize_t i = 0; i < n; ++i) {
      if (text[i] >= '0' && text[i] <= '9') {
        number = number * 10 + (text[i] - '0');
      } else if (number > 0) {
        out.add(number);
        number = 0;
      }
    }
  }
  return true;
}

}  // namespace

bool read_stat(int pid, process_stat& out) noexcept {
  char path[64];
  char text[1024];
  std::snprintf(path, sizeof path, "/proc/%d/stat", pid);
  if (read_small(path, text, sizeof text) <= 0) return false;
  // The name in parentheses may hold anything, so the fields start after the last one.
  const char* at = std::strrchr(text, ')');
  if (!at) return false;
  unsigned long user = 0;
  unsigned long system = 0;
  unsigned long long start = 0;
  long rss = 0;
  const int n = std::sscanf(
      at + 2,
      "%c %d %d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu %*d %*d %*d %*d %u %*d %llu %*u %ld",
      &out.state, &out.ppid, &out.pgrp, &user, &system, &out.threads, &start, &rss);
  if (n != 8) return false;
  const long ticks = ::sysconf(_SC_CLK_TCK);
  out.user_ns = static_cast<std::int64_t>(user) * ns_per_s / ticks;
  out.system_ns = static_cast<std::int64_t>(system) * ns_per_s / ticks;
  out.start = start;
  out.rss_bytes =
      static_cast<std::uint64_t>(rss) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  return true;
}

bool read_children(int pid, pod_array<int>& out) noexcept {
  char path[64];
  std::snprintf(path, sizeof path, "/proc/%d/task", pid);
  bool supported = true;
  const bool there = each_number(path, [&](int tid) {
    if (!children_of_thread(pid, tid, out) && ::access("/proc/self/task", F_OK) == 0) {
      process_stat s;
      if (read_stat(pid, s) && s.state != 'Z') supported = false;
    }
  });
  if (there && supported) return true;
  if (!there && ::access("/proc/self/stat", F_OK) != 0) return false;
  if (!there) return true;
  return each_number("/proc", [&](int other) {
    process_stat s;
    if (read_stat(other, s) && s.ppid == pid) out.add(other);
  });
}

bool group_is_alive(int pgid) noexcept {
  bool alive = false;
  const bool told = each_number("/proc", [&](int pid) {
    process_stat s;
    if (!alive && read_stat(pid, s) && s.pgrp == pgid && s.state != 'Z' && s.state != 'X') {
      alive = true;
    }
  });
  return alive || !told;
}

}  // namespace brood::detail::sys
