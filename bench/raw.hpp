// The peers: what a careful person would write by hand against the kernel, for
// one purpose each. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <poll.h>
#include <sched.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "measure.hpp"

namespace raw {

inline void require(bool good, const char* what) {
  if (!good) bench::die(what, std::strerror(errno));
}

/// A null-terminated argv of borrowed strings, made once and used for many starts.
class words {
 public:
  explicit words(std::vector<std::string> list) : list_(std::move(list)) {
    for (std::string& word : list_) pointers_.push_back(word.data());
    pointers_.push_back(nullptr);
  }
  words(const words&) = delete;
  words& operator=(const words&) = delete;
  char* const* argv() const { return pointers_.data(); }
  const char* path() const { return pointers_[0]; }

 private:
  std::vector<std::string> list_;
  std::vector<char*> pointers_;
};

/// What clone(2) runs the child on: 64 KiB, kept for the next start, one per thread.
class child_stack {
 public:
  child_stack() {
    memory_ = mmap(nullptr, size, PROT_READ | PROT_WRITE,
                   MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);
    require(memory_ != MAP_FAILED, "mmap");
  }
  child_stack(const child_stack&) = delete;
  child_stack& operator=(const child_stack&) = delete;
  ~child_stack() { munmap(memory_, size); }
  void* top() const { return static_cast<std::byte*>(memory_) + size; }

 private:
  static constexpr std::size_t size = std::size_t{64} << 10;
  void* memory_;
};

inline child_stack& own_stack() {
  thread_local child_stack stack;
  return stack;
}

/// The child's streams; -1 inherits.
struct streams {
  int in = -1;
  int out = -1;
  int err = -1;
};

struct child {
  pid_t pid = -1;
  int pidfd = -1;
};

struct start {
  const words* command;
  streams fds;
};

inline int child_main(void* p) {
  const auto* s = static_cast<const start*>(p);
  if (s->fds.in >= 0) dup2(s->fds.in, 0);
  if (s->fds.out >= 0) dup2(s->fds.out, 1);
  if (s->fds.err >= 0) dup2(s->fds.err, 2);
  execve(s->command->path(), s->command->argv(), environ);
  _exit(127);
}

inline child spawn(const words& command, streams fds = {}) {
  start s{&command, fds};
  child c;
  c.pid = clone(child_main, own_stack().top(), CLONE_VM | CLONE_VFORK | CLONE_PIDFD | SIGCHLD, &s,
                &c.pidfd);
  require(c.pid > 0, "clone");
  return c;
}

/// Reap it; anything but `exit 0` ends the benchmark.
inline void wait(child c) {
  siginfo_t info{};
  require(waitid(P_PIDFD, static_cast<id_t>(c.pidfd), &info, WEXITED) == 0, "waitid");
  close(c.pidfd);
  if (info.si_code != CLD_EXITED || info.si_status != 0) bench::die("a child of a peer failed");
}

inline void run(const words& command, streams fds = {}) { wait(spawn(command, fds)); }

inline void run_posix_spawn(const words& command) {
  pid_t pid = -1;
  errno = posix_spawn(&pid, command.path(), nullptr, nullptr, command.argv(), environ);
  require(errno == 0, "posix_spawn");
  int status = 0;
  require(waitpid(pid, &status, 0) == pid && status == 0, "waitpid");
}

inline void run_fork(const words& command) {
  const pid_t pid = fork();
  require(pid >= 0, "fork");
  if (pid == 0) {
    execve(command.path(), command.argv(), environ);
    _exit(127);
  }
  int status = 0;
  require(waitpid(pid, &status, 0) == pid && status == 0, "waitpid");
}

/// Bytes that grow by realloc(3), which for large blocks moves pages instead of copying.
class bytes {
 public:
  bytes() = default;
  bytes(const bytes&) = delete;
  bytes& operator=(const bytes&) = delete;
  ~bytes() { std::free(data_); }

  /// One read(2) of at least `room` bytes. False at end-of-file.
  bool read_from(int fd, std::size_t room) {
    if (capacity_ - size_ < room) {
      capacity_ = capacity_ + std::max(capacity_ / 2, room);
      data_ = static_cast<char*>(std::realloc(data_, capacity_));
      require(data_ != nullptr, "realloc");
    }
    const ssize_t n = read(fd, data_ + size_, capacity_ - size_);
    require(n >= 0, "read");
    size_ += static_cast<std::size_t>(n);
    return n > 0;
  }
  std::size_t size() const { return size_; }
  std::string_view view() const { return {data_, size_}; }

 private:
  char* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;
};

struct pipe_ends {
  int read_end = -1;
  int write_end = -1;
};

inline pipe_ends make_pipe() {
  int fds[2];
  require(pipe2(fds, O_CLOEXEC) == 0, "pipe2");
  return {fds[0], fds[1]};
}

/// Both streams, collected to end-of-file.
inline void capture(const words& command, bytes& out, bytes& err) {
  const pipe_ends o = make_pipe();
  const pipe_ends e = make_pipe();
  const child c = spawn(command, {-1, o.write_end, e.write_end});
  close(o.write_end);
  close(e.write_end);
  pollfd waiting[2] = {{o.read_end, POLLIN, 0}, {e.read_end, POLLIN, 0}};
  bytes* const storage[2] = {&out, &err};
  int left = 2;
  while (left > 0) {
    require(poll(waiting, 2, -1) > 0, "poll");
    for (int i = 0; i < 2; ++i) {
      if (waiting[i].revents == 0 || storage[i]->read_from(waiting[i].fd, 4096)) continue;
      close(waiting[i].fd);
      waiting[i].fd = -1;
      --left;
    }
  }
  wait(c);
}

/// stdout alone, through a pipe of this size.
inline void capture_much(const words& command, bytes& out, int pipe_size) {
  const pipe_ends o = make_pipe();
  fcntl(o.read_end, F_SETPIPE_SZ, pipe_size);
  const child c = spawn(command, {-1, o.write_end, -1});
  close(o.write_end);
  while (out.read_from(o.read_end, static_cast<std::size_t>(pipe_size))) {
  }
  close(o.read_end);
  wait(c);
}

/// What a short command prints.
inline std::string output_of(const words& command) {
  bytes out;
  capture_much(command, out, 1 << 16);
  return std::string(out.view());
}

/// A line-by-line partner: a child that answers each line on its stdin by one on its stdout.
class partner {
 public:
  explicit partner(const words& command) {
    const pipe_ends to = make_pipe();
    const pipe_ends from = make_pipe();
    child_ = spawn(command, {to.read_end, from.write_end, -1});
    close(to.read_end);
    close(from.write_end);
    in_ = to.write_end;
    out_ = from.read_end;
  }
  partner(const partner&) = delete;
  partner& operator=(const partner&) = delete;
  ~partner() {
    close(in_);
    close(out_);
    wait(child_);
  }
  std::string ask(std::string line) {
    line += '\n';
    require(write(in_, line.data(), line.size()) == static_cast<ssize_t>(line.size()), "write");
    std::string answer;
    char c = 0;
    while (read(out_, &c, 1) == 1 && c != '\n') answer += c;
    if (c != '\n') bench::die("no answer to", line);
    return answer;
  }

 private:
  child child_;
  int in_ = -1;
  int out_ = -1;
};

/// A value, in bytes, of a file such as /proc/meminfo or /proc/self/status that counts in kB.
inline std::uint64_t kilobytes_in(const char* path, const char* name) {
  std::FILE* f = std::fopen(path, "r");
  require(f != nullptr, path);
  char line[256];
  unsigned long long value = 0;
  const std::size_t length = std::strlen(name);
  while (std::fgets(line, sizeof line, f) != nullptr) {
    if (std::strncmp(line, name, length) == 0 && line[length] == ':') {
      value = std::strtoull(line + length + 1, nullptr, 10);
    }
  }
  std::fclose(f);
  return value << 10;
}

/// A system call that cannot work and that nobody else makes: it marks a place in a trace.
inline void mark() {
  if (write(-1, "mark", 4) >= 0) bench::die("a descriptor is called -1");
}

/// The file that this process was started from, to start it again in another role.
inline std::string self() {
  char path[4096];
  const ssize_t n = readlink("/proc/self/exe", path, sizeof path);
  require(n > 0, "readlink");
  return {path, static_cast<std::size_t>(n)};
}

}  // namespace raw
