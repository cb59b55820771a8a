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

namespace {

// One call from the interpreter's view: no handler sees a command that is reaped and has no
// returncode yet. ChildProcessError if it is not, or not any more, a child.
void reap(py::handle popen, int pid) {
  // Interned: a name made anew for each look-up would fill the interpreter's cache of methods.
  static PyObject* const returncode = PyUnicode_InternFromString("returncode");
  int status = 0;
  const pid_t r = ::waitpid(pid, &status, WNOHANG);
  if (r < 0) raise_os_error(errno);
  if (r != pid) return;
  const py::int_ code(returncode_of(status));
  if (PyObject_SetAttr(popen.ptr(), returncode, code.ptr()) < 0) python_error();
}

// Hears the end of a child without reaping it. Made while nobody can have reaped it: the number is
// the child's own then, and from there on nothing goes by the number.
class exit_event {
 public:
  explicit exit_event(int pid)
      : pid_(pid), pidfd_(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))) {}
  exit_event(const exit_event&) = delete;
  exit_event& operator=(const exit_event&) = delete;
  ~exit_event() {
    if (pidfd_ >= 0) ::close(pidfd_);
  }

  /// Whether it has ended; false at `until`.
  bool wait(std::int64_t until) const {
    check_signals();  // one that came just before would not wake poll
    for (std::int64_t pause = first_pause;; pause = std::min(pause * 2, longest_pause)) {
      if (pidfd_ < 0 && ended()) return true;
      pollfd p{pidfd_, POLLIN, 0};
      const std::int64_t now = now_ns();
      const std::int64_t limit = pidfd_ >= 0 || until <= now ? until : std::min(until, now + pause);
      int r;
      {
        const without_gil released;
        r = poll_until(&p, 1, limit);
      }
      if (r > 0) return true;
      if (r == -EINTR) check_signals();
      if (r == 0 && now_ns() >= until) return pidfd_ < 0 && ended();
    }
  }

 private:
  // Where there is no pidfd to be had.
  bool ended() const {
    siginfo_t info{};
    const int r = ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT);
    return r < 0 || info.si_pid != 0;
  }

  int pid_;
  int pidfd_;
};

}  // namespace

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
    const std::int64_t now = now_ns();
    const std::int64_t ns = until > now ? until - now : 0;  // `until` may be long before all time
    left = {ns / second, ns % second};
    limit = &left;
  }
  const int r = ::ppoll(static_cast<pollfd*>(fds), count, limit, nullptr);
  return r < 0 ? -errno : r;
}

void bind_wait(py::module_& m) {
  m.def("reap", &reap, py::arg("popen"), py::arg("pid"),
        "Set the returncode of a child that has ended; ChildProcessError if it is no child.");
  py::class_<exit_event>(m, "ExitEvent", "The end of a child that nobody has reaped yet.")
      .def(py::init<int>())
      .def(
          "wait", [](const exit_event& e, double seconds) { return e.wait(after(seconds)); },
          "Wait without reaping; whether the process has ended.");
}

}  // namespace brood_python
