// Reading /proc.
// SPDX-License-Identifier: Apache-2.0
#include <dirent.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <cstring>

#include "sys/call.hpp"
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

// The size, or the negative errno.
long read_small(const char* path, char* to, std::size_t most) noexcept {
  fd file(open_file(path, O_RDONLY, 0));
  if (!file) return file.release();
  std::size_t size = 0;
  while (size < most - 1) {
    const ssize_t n = read_some(file.get(), to + size, most - 1 - size);
    if (n < 0) return n;
    if (n == 0) break;
    size += static_cast<std::size_t>(n);
  }
  to[size] = '\0';
  return static_cast<long>(size);
}

// 0, or why what /proc lists says nothing: it is an empty folder, or tells of others.
int check_proc() noexcept {
  const int ours = proc_is_ours();
  return ours > 0 ? 0 : ours == 0 ? -EOPNOTSUPP : ours;
}

// A name below /proc is missing: because the process is gone, or because nothing is there to tell.
int gone_or_blind() noexcept {
  const int blind = check_proc();
  return blind < 0 ? blind : -ESRCH;
}

// Call f(number) for each entry of `path` that is a number. 0 or the negative errno.
template <class F>
int each_number(const char* path, F f) noexcept {
  DIR* const d = ::opendir(path);
  if (!d) return -errno;
  errno = 0;
  while (const dirent* e = ::readdir(d)) {
    const int n = std::atoi(e->d_name);
    if (n > 0) f(n);
    errno = 0;
  }
  const int failed = errno;
  ::closedir(d);
  return -failed;
}

// Read the fields of a stat file, of a process or of a thread. 0 or the negative errno.
int read_stat_file(const char* path, process_stat& out) noexcept {
  char text[1024];
  const long size = read_small(path, text, sizeof text);
  if (size < 0) return static_cast<int>(size);
  // The name in parentheses may hold anything, so the fields start after the last one.
  const char* at = size > 0 ? std::strrchr(text, ')') : nullptr;
  if (!at || at[1] != ' ' || at[2] == '\0') return -EPROTO;
  std::int64_t field[25];  // by their numbers in proc_pid_stat(5); 3 is the letter
  out.state = at[2];
  at += 3;
  for (int i = 4; i <= 24; ++i) {
    if (*at != ' ') return -EPROTO;
    const auto [next, failed] = std::from_chars(at + 1, text + size, field[i]);
    if (failed != std::errc()) return -EPROTO;
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
  return 0;
}

// 0, also if the thread is gone; or the negative errno, -ENOENT if its file is missing.
int children_of_thread(int pid, int tid, pod_array<int>& out) noexcept {
  const proc_path path = proc_path(pid).add("/task/").add(tid).add("/children");
  fd file(open_file(path.get(), O_RDONLY, 0));
  if (!file) return file.release();
  char text[4096];
  int number = 0;
  for (;;) {
    const ssize_t n = read_some(file.get(), text, sizeof text);
    if (n <= 0) return n == -ESRCH ? 0 : static_cast<int>(n);
    for (ssize_t i = 0; i < n; ++i) {
      if (text[i] >= '0' && text[i] <= '9') {
        number = number * 10 + (text[i] - '0');
      } else if (number > 0) {
        if (!out.add(number)) return -ENOMEM;
        number = 0;
      }
    }
  }
}

bool lists_children() noexcept { return ::access("/proc/thread-self/children", F_OK) == 0; }

int children_among_all(int parent, pod_array<int>& out) noexcept {
  int failed = check_proc();
  if (failed < 0) return failed;
  const int r = each_number("/proc", [&](int pid) {
    process_stat s;
    int seen = look_at_process(pid, s);
    if (seen == 0 && s.ppid == parent && !out.add(pid)) seen = -ENOMEM;
    if (seen < 0 && seen != -ESRCH) failed = seen;
  });
  return r < 0 ? r : failed;
}

// How many numbers the line "NSpid:" of a status has: one for each PID namespace from that of
// /proc down to the process's own. 0: there is no such line (before Linux 4.1).
int count_namespaces(const char* status) noexcept {
  constexpr char name[] = "NSpid:";
  for (const char* line = status; *line != '\0';) {
    std::size_t same = 0;
    while (same < sizeof name - 1 && line[same] == name[same]) ++same;
    const bool found = same == sizeof name - 1;
    int count = 0;
    for (line += same; *line != '\0' && *line != '\n'; ++line) count += found && *line == '\t';
    if (found) return count;
    if (*line == '\n') ++line;
  }
  return 0;
}

}  // namespace

namespace {

/// The number that /proc has for us; 0: none; or the negative errno.
int own_number() noexcept {
  char self[16];
  const long n = call("readlinkat", [&] {
    return ::syscall(SYS_readlinkat, AT_FDCWD, "/proc/self", self, sizeof self);
  });
  if (n == -ENOENT) {  // nothing there, or we are nobody there
    fd entry(open_file("/proc/self", O_PATH | O_NOFOLLOW, 0));
    return entry ? 0 : entry.release();
  }
  if (n < 0) return static_cast<int>(n);
  int pid = 0;
  std::from_chars(self, self + n, pid);
  return pid;
}

}  // namespace

int proc_is_ours() noexcept {
  const int pid = own_number();
  if (pid != ::getpid()) return std::min(pid, 0);
  // In two namespaces we may have the same number by chance.
  char status[4096];
  const long size = read_small("/proc/self/status", status, sizeof status);
  if (size < 0) return static_cast<int>(size);
  return count_namespaces(status) <= 1;
}

int proc_is_still_ours() noexcept {
  static std::atomic<int> known{0};  // the process that found so
  const int pid = ::getpid();
  if (known.load(std::memory_order_relaxed) == pid && own_number() == pid) return 1;
  const int r = proc_is_ours();
  if (r == 1) known.store(pid, std::memory_order_relaxed);
  return r;
}

int look_at_process(int pid, process_stat& out) noexcept {
  const int r = read_stat_file(proc_path(pid).add("/stat").get(), out);
  return r == -ENOENT ? gone_or_blind() : r;
}

bool read_stat(int pid, process_stat& out) noexcept { return look_at_process(pid, out) == 0; }

bool is_stopped(int pid) noexcept {
  bool stopped = true;
  const int r = each_number(proc_path(pid).add("/task").get(), [&](int tid) {
    process_stat s;
    const proc_path path = proc_path(pid).add("/task/").add(tid).add("/stat");
    const int seen = read_stat_file(path.get(), s);
    if (seen == -ENOENT || seen == -ESRCH) return;
    const bool still = s.state == 'T' || s.state == 't' || s.state == 'Z' || s.state == 'X';
    stopped = stopped && seen == 0 && still;
  });
  return r == -ENOENT ? gone_or_blind() == -ESRCH : r == 0 && stopped;
}

int read_children(int pid, pod_array<int>& out) noexcept {
  int failed = 0;
  bool missing = false;
  const int r = each_number(proc_path(pid).add("/task").get(), [&](int tid) {
    const int seen = children_of_thread(pid, tid, out);
    if (seen == -ENOENT) {
      missing = true;
    } else if (seen < 0) {
      failed = seen;
    }
  });
  if (r == -ENOENT) {
    const int why = gone_or_blind();
    return why == -ESRCH ? 0 : why;
  }
  if (r < 0 && r != -ESRCH) return r;
  if (missing && !lists_children()) return children_among_all(pid, out);
  return failed;
}

int read_group(int pgid, pod_array<int>& out) noexcept {
  int first = 0;
  if (const int blind = check_proc(); blind < 0) return blind;
  const int r = each_number("/proc", [&](int pid) {
    process_stat s;
    const int seen = look_at_process(pid, s);
    if (seen < 0 && seen != -ESRCH && first == 0) first = seen;
    if (seen == 0 && s.pgrp == pgid && !s.is_over() && !out.add(pid)) first = -ENOMEM;
  });
  return r < 0 ? r : first;
}

bool group_is_alive(int pgid) noexcept {
  pod_array<int> members;
  return read_group(pgid, members) < 0 || members.size() > 0;
}

}  // namespace brood::detail::sys
