// Waiting for a child by its pid, and the time arithmetic that all waits share.
// SPDX-License-Identifier: Apache-2.0
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cmath>

#include "python.hpp"

namespace brood_python {

namespace {

constexpr std::int64_t second = 1'000'000'000;
constexpr std::int64_t first_pause = second / 2000;
constexpr std::int64_t longest_pause = second / 20;

int returncode_of(int status) noexcept {
  return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

}  // namespace

std::optional<int> reap(int pid, bool block) {
  if (block) check_signals();  // one that came just before would not wake waitpid
  for (;;) {
    int status = 0;
    int os = 0;
    pid_t r;
    if (block) {
      const without_gil released;
      r = ::waitpid(pid, &status, 0);
      os = errno;
    } else {
      r = ::waitpid(pid, &status, WNOHANG);
      os = errno;
    }
    if (r == pid) return returncode_of(status);
    if (r == 0) return {};
    if (os != EINTR) raise_os_error(os);
    check_signals();
  }
}

namespace {

// Looks with growing pauses: where there is no pidfd to be had.
bool watch(int pid, std::int64_t until) {
  std::int64_t pause = first_pause;
  for (;;) {
    siginfo_t info{};
    const int r = ::waitid(P_PID, static_cast<id_t>(pid), &info, WEXITED | WNOHANG | WNOWAIT);
    if (r < 0 || info.si_pid != 0) return true;
    const std::int64_t now = now_ns();
    if (now >= until) return false;
    pause = std::min(pause * 2, longest_pause);
    int interrupted;
    {
      const without_gil released;
      interrupted = poll_until(nullptr, 0, std::min(until, now + pause));
    }
    if (interrupted == -EINTR) check_signals();
  }
}

}  // namespace

bool await_exit(int pid, std::int64_t until) {
  check_signals();  // one that came just before would not wake poll
  const int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
  if (pidfd < 0) return errno == ESRCH || watch(pid, until);
  for (;;) {
    pollfd p{pidfd, POLLIN, 0};
    int r;
    {
      const without_gil released;
      r = poll_until(&p, 1, until);
    }
    if (r == -EINTR && PyErr_CheckSignals() == 0) continue;
    ::close(pidfd);
    if (r == -EINTR) python_error();
    return r > 0;
  }
}

std::int64_t after(double seconds) noexcept {
  const std::int64_t now = now_ns();
  const std::int64_t span = to_ns(seconds);
  return span > INT64_MAX - now ? INT64_MAX : now + span;
}

std::int64_t now_ns() noexcept {
  timespec t;
  ::clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec * second + t.tv_nsec;
}

std::int64_t to_ns(double seconds) noexcept {
  if (std::isnan(seconds) || seconds >= 9e9) return INT64_MAX;
  if (seconds <= -9e9) return INT64_MIN;
  return static_cast<std::int64_t>(seconds * 1e9);
}

int poll_until(void* fds, unsigned long count, std::int64_t until) noexcept {
  timespec left{};
  timespec* limit = nullptr;
  if (until != INT64_MAX) {
    const std::int64_t ns = std::max<std::int64_t>(until - now_ns(), 0);
    left = {ns / second, ns % second};
    limit = &left;
  }
  const int r = ::ppoll(static_cast<pollfd*>(fds), count, limit, nullptr);
  return r < 0 ? -errno : r;
}

void bind_wait(py::module_& m) {
  m.def(
      "reap",
      [](int pid, bool block) -> py::object {
        const std::optional<int> code = reap(pid, block);
        return code ? py::object(py::int_(*code)) : py::object(py::none());
      },
      py::arg("pid"), py::arg("block"),
      "The returncode of a child, None if it still runs; ChildProcessError if it is no child.");
  m.def(
      "await_exit", [](int pid, double seconds) { return await_exit(pid, after(seconds)); },
      py::arg("pid"), py::arg("seconds"), "Wait without reaping; whether the process has ended.");
}

}  // namespace brood_python
