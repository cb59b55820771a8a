// Starts a program by plain fork and exec, without brood: how the tool is tested from outside.
// SPDX-License-Identifier: Apache-2.0
#include "bare.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include <gtest/gtest.h>

#include "files.hpp"
#include "temp_pipe.hpp"

namespace support {

namespace {

using namespace std::chrono_literals;

constexpr auto safety_limit = 60s;
constexpr auto silence = 100ms;

std::vector<std::string> merged_environment(
    const std::vector<std::pair<std::string, std::string>>& extra) {
  std::vector<std::string> result;
  for (char** e = environ; e != nullptr && *e != nullptr; ++e) {
    const std::string_view entry = *e;
    const bool replaced = std::any_of(extra.begin(), extra.end(), [entry](const auto& pair) {
      return entry.substr(0, entry.find('=')) == pair.first;
    });
    if (!replaced) result.emplace_back(entry);
  }
  for (const auto& [name, value] : extra) result.push_back(name + "=" + value);
  return result;
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  for (std::string& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

void make_nonblocking(int fd) { fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK); }

void close_fd(int& fd) {
  if (fd >= 0) close(std::exchange(fd, -1));
}

// write() that reports EPIPE and never leaves a SIGPIPE behind, whatever the test set it to.
ssize_t quiet_write(int fd, std::string_view text) {
  sigset_t pipe_signal;
  sigset_t old;
  sigemptyset(&pipe_signal);
  sigaddset(&pipe_signal, SIGPIPE);
  pthread_sigmask(SIG_BLOCK, &pipe_signal, &old);
  const ssize_t n = ::write(fd, text.data(), text.size());
  const int error = errno;
  if (n < 0 && error == EPIPE) {
    const timespec now{};
    sigtimedwait(&pipe_signal, nullptr, &now);
  }
  pthread_sigmask(SIG_SETMASK, &old, nullptr);
  errno = error;
  return n;
}

}  // namespace

bare_process::bare_process(const std::vector<std::string>& argv, const bare_options& options)
    : keep_input_open_(options.keep_input_open), input_(options.input), start_(clock::now()) {
  // Everything that allocates comes before the fork: the test program may have threads.
  std::vector<std::string> words = argv;
  std::vector<std::string> entries = merged_environment(options.env);
  const std::vector<char*> argv_pointers = pointers(words);
  const std::vector<char*> env_pointers = pointers(entries);
  temp_pipe in;
  temp_pipe out;
  temp_pipe err;
  pid_ = fork();
  if (pid_ < 0) throw std::system_error(errno, std::generic_category(), "fork");
  if (pid_ == 0) {
    if (options.new_session) setsid();
    if (!options.cwd.empty() && chdir(options.cwd.c_str()) != 0) _exit(125);
    dup2(in.read_end(), 0);
    dup2(out.write_end(), 1);
    dup2(err.write_end(), 2);
    execvpe(argv_pointers[0], argv_pointers.data(), env_pointers.data());
    _exit(errno == ENOENT ? 127 : 126);
  }
#ifdef SYS_pidfd_open
  // Without it (an old kernel, an emulator) wait() looks every few milliseconds instead.
  pidfd_ = static_cast<int>(syscall(SYS_pidfd_open, pid_, 0));
#endif
  in_ = in.release_write();
  out_ = out.release_read();
  err_ = err.release_read();
  for (const int fd : {in_, out_, err_}) make_nonblocking(fd);
  feed();
}

bare_process::~bare_process() {
  if (!status_) {
    signal(SIGKILL);
    reap(true);
  }
  for (int* fd : {&pidfd_, &in_, &out_, &err_}) close_fd(*fd);
}

void bare_process::signal(int number) const {
  if (pid_ > 1 && !status_) kill(pid_, number);
}

void bare_process::write(std::string_view text) {
  input_.append(text);
  feed();
}

void bare_process::close_input() {
  keep_input_open_ = false;
  feed();
}

void bare_process::feed() {
  while (in_ >= 0 && fed_ < input_.size()) {
    const ssize_t n = quiet_write(in_, std::string_view(input_).substr(fed_));
    if (n >= 0) {
      fed_ += static_cast<std::size_t>(n);
    } else if (errno == EAGAIN) {
      return;
    } else if (errno != EINTR) {
      close_fd(in_);  // the child reads no more: not our error
      return;
    }
  }
  if (!keep_input_open_) close_fd(in_);
}

void bare_process::read_from(int& fd, std::string& to) {
  std::array<char, 65536> block{};
  for (;;) {
    const ssize_t n = read(fd, block.data(), block.size());
    if (n > 0) {
      to.append(block.data(), static_cast<std::size_t>(n));
      if (static_cast<std::size_t>(n) < block.size()) return;
    } else if (n == 0) {
      close_fd(fd);
      return;
    } else if (errno == EAGAIN) {
      return;
    } else if (errno != EINTR) {
      close_fd(fd);
      return;
    }
  }
}

bool bare_process::pump(std::chrono::milliseconds limit) {
  const bool feeding = in_ >= 0 && fed_ < input_.size();
  // poll skips negative descriptors: closed streams need no bookkeeping.
  std::array<pollfd, 4> set{pollfd{feeding ? in_ : -1, POLLOUT, 0}, pollfd{out_, POLLIN, 0},
                            pollfd{err_, POLLIN, 0}, pollfd{status_ ? -1 : pidfd_, POLLIN, 0}};
  if (!status_ && pidfd_ < 0) limit = std::min(limit, std::chrono::milliseconds(5));
  const int n = poll(set.data(), set.size(), static_cast<int>(limit.count()));
  if (n > 0) {
    if (set[0].revents != 0) feed();
    if (set[1].revents != 0) read_from(out_, result_.out);
    if (set[2].revents != 0) read_from(err_, result_.err);
  }
  reap(false);
  return n > 0;
}

bool bare_process::reap(bool block) {
  if (status_) return true;
  int status = 0;
  pid_t got = 0;
  do {
    got = waitpid(pid_, &status, block ? 0 : WNOHANG);
  } while (got < 0 && errno == EINTR);
  if (got == 0) return false;
  result_.seconds = std::chrono::duration<double>(clock::now() - start_).count();
  status_ = got == pid_ ? status : 0;
  if (got != pid_) ADD_FAILURE() << "somebody else reaped " << pid_;
  if (WIFEXITED(*status_)) result_.code = WEXITSTATUS(*status_);
  if (WIFSIGNALED(*status_)) result_.signal = WTERMSIG(*status_);
  return true;
}

bool bare_process::expired() {
  if (clock::now() - start_ < safety_limit) return false;
  ADD_FAILURE() << "killed after 60 seconds: " << pid_ << "\n" << result_.out << result_.err;
  signal(SIGKILL);
  reap(true);
  return true;
}

std::string bare_process::read_until(std::string_view text) {
  const auto deadline = clock::now() + patience;
  for (;;) {
    const std::size_t at = result_.out.find(text, seen_);
    if (at != std::string::npos) {
      const std::size_t from = std::exchange(seen_, at + text.size());
      return result_.out.substr(from, seen_ - from);
    }
    if (out_ < 0 || clock::now() >= deadline) {
      ADD_FAILURE() << "never printed \"" << text << "\"; stdout: " << result_.out.substr(seen_)
                    << "\nstderr: " << result_.err;
      return result_.out.substr(std::exchange(seen_, result_.out.size()));
    }
    pump(50ms);
  }
}

finished bare_process::wait() {
  close_input();
  while (out_ >= 0 || err_ >= 0 || !status_) {
    const bool moved = pump(status_ ? silence : 1000ms);
    if (status_ && !moved) break;
    if (expired()) break;
  }
  return result_;
}

finished run_bare(const std::vector<std::string>& argv, const std::string& input,
                  const std::vector<std::pair<std::string, std::string>>& env) {
  bare_options options;
  options.input = input;
  options.env = env;
  bare_process process(argv, options);
  return process.wait();
}

}  // namespace support
