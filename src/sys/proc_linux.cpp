// Reading /proc.
// SPDX-License-Identifier: Apache-2.0
#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <cstring>

#include "sys/fd.hpp"
#include "sys/proc.hpp"

namespace brood::detail::sys {

namespace {

constexpr std::int64_t ns_per_s = 1'000'000'000;

// "/proc/PID" and what is added to it: at most two numbers and 30 letters.
class proc_path {
 public:
  explicit proc_path(int pid) noexcept { add("/proc/").add(pid); }
  proc_path& add(const char* more) noexcept {
    while (*more) *end_++ = *more++;
    *end_ = '\0';
    return *this;
  }
  proc_path& add(int number) noexcept {
    end_ = std::to_chars(end_, text_ + sizeof text_ - 1, number).ptr;
    *end_ = '\0';
    return *this;
  }
  const char* get() const noexcept { return text_; }

 private:
  char text_[64];
  char* end_ = text_;
};

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

// Read the fields of a stat file, of a process or of a thread.
bool read_stat_file(const char* path, process_stat& out) noexcept {
  char text[1024];
  const long size = read_small(path, text, sizeof text);
  if (size <= 0) return false;
  // The name in parentheses may hold anything, so the fields start after the last one.
  const char* at = std::strrchr(text, ')');
  if (!at || at[1] != ' ' || at[2] == '\0') return false;
  std::int64_t field[25];  // by their numbers in proc_pid_stat(5); 3 is the letter
  out.state = at[2];
  at += 3;
  for (int i = 4; i <= 24; ++i) {
    if (*at != ' ') return false;
    const auto [next, failed] = std::from_chars(at + 1, text + size, field[i]);
    if (failed != std::errc()) return false;
    at = next;
  }
  const std::int64_t ns_per_tick = ns_per_s / ::sysconf(_SC_CLK_TCK);
  out.ppid = static_cast<int>(field[4]);
  out.pgrp = static_cast<int>(field[5]);
  out.user_ns = field[14] * ns_per_tick;
  out.system_ns = field[15] * ns_per_tick;
  out.threads = static_cast<unsigned>(field[20]);
  out.start = static_cast<std::uint64_t>(field[22]);
  out.rss_bytes = static_cast<std::uint64_t>(field[24] * ::sysconf(_SC_PAGESIZE));
  return true;
}

bool children_of_thread(int pid, int tid, pod_array<int>& out) noexcept {
  const proc_path path = proc_path(pid).add("/task/").add(tid).add("/children");
  const fd file(open_file(path.get(), O_RDONLY, 0));
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
  return read_stat_file(proc_path(pid).add("/stat").get(), out);
}

bool is_stopped(int pid) noexcept {
  bool stopped = true;
  (void)each_number(proc_path(pid).add("/task").get(), [&](int tid) {
    process_stat s;
    const proc_path path = proc_path(pid).add("/task/").add(tid).add("/stat");
    if (!stopped || !read_stat_file(path.get(), s)) return;
    stopped = s.state == 'T' || s.state == 't' || s.state == 'Z' || s.state == 'X';
  });
  return stopped;
}

bool read_children(int pid, pod_array<int>& out) noexcept {
  bool supported = true;
  const bool there = each_number(proc_path(pid).add("/task").get(), [&](int tid) {
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
