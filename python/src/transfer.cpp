// The loop of communicate(): feed, read, and look up for signals and the deadline.
// SPDX-License-Identifier: Apache-2.0
#include "transfer.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace brood_python {

namespace {

constexpr std::size_t small_read = 64 * 1024;  // the size that a pipe is born with
constexpr std::size_t large_read = 1024 * 1024;
constexpr std::size_t direct_from = 256 * 1024;

// The largest size this user may have; half of it when that is refused, and so on.
void grow_pipe(int number) noexcept {
  for (int size = static_cast<int>(large_read); size > static_cast<int>(small_read); size /= 2) {
    if (::fcntl(number, F_SETPIPE_SZ, size) >= 0) return;
  }
}

// A write to a pipe that poll calls writable still blocks if it is longer than the room there. The
// flag belongs to our end of the pipe alone; it goes back as it was, for the caller's own writes.
class nonblocking {
 public:
  explicit nonblocking(int number) noexcept : number_(number) {
    if (number_ < 0) return;
    flags_ = ::fcntl(number_, F_GETFL);
    if (flags_ >= 0 && !(flags_ & O_NONBLOCK)) ::fcntl(number_, F_SETFL, flags_ | O_NONBLOCK);
  }
  nonblocking(const nonblocking&) = delete;
  nonblocking& operator=(const nonblocking&) = delete;
  ~nonblocking() {
    if (number_ >= 0 && flags_ >= 0 && !(flags_ & O_NONBLOCK)) ::fcntl(number_, F_SETFL, flags_);
  }

 private:
  int number_;
  int flags_ = -1;
};

// Python ignores SIGPIPE unless a program asked for its default action back.
class sigpipe_held {
 public:
  sigpipe_held() noexcept {
    struct sigaction now {};
    held_ = ::sigaction(SIGPIPE, nullptr, &now) == 0 && now.sa_handler == SIG_DFL;
    if (!held_) return;
    sigemptyset(&pipe_);
    sigaddset(&pipe_, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  sigpipe_held(const sigpipe_held&) = delete;
  sigpipe_held& operator=(const sigpipe_held&) = delete;
  ~sigpipe_held() {
    if (!held_) return;
    const timespec at_once{};
    while (::sigtimedwait(&pipe_, nullptr, &at_once) > 0) {
    }
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }

 private:
  bool held_ = false;
  sigset_t pipe_{};
  sigset_t before_{};
};

}  // namespace

// Before Linux 5.14 it fails, and nothing is lost.
void populate(char* data, std::size_t size) noexcept {
  constexpr std::uintptr_t page = 4096;
  constexpr int populate_write = 23;  // MADV_POPULATE_WRITE
  const auto first = (reinterpret_cast<std::uintptr_t>(data) + page - 1) / page * page;
  const auto last = reinterpret_cast<std::uintptr_t>(data + size) / page * page;
  if (last > first) ::madvise(reinterpret_cast<void*>(first), last - first, populate_write);
}

sink::~sink() { Py_XDECREF(bytes_); }

// Growing takes the GIL: it is the interpreter's memory. For large sizes realloc(3) moves pages.
bool sink::reserve(std::size_t room) noexcept {
  const std::size_t capacity = bytes_ ? static_cast<std::size_t>(PyBytes_GET_SIZE(bytes_)) : 0;
  if (capacity - size_ >= room) return true;
  const std::size_t wanted = std::max(size_ + room, capacity * 2);
  const with_gil held;
  if (bytes_) {
    _PyBytes_Resize(&bytes_, static_cast<Py_ssize_t>(wanted));
  } else {
    bytes_ = PyBytes_FromStringAndSize(nullptr, static_cast<Py_ssize_t>(wanted));
  }
  if (!bytes_) {
    PyErr_Clear();
    size_ = 0;
  }
  return bytes_ != nullptr;
}

bool sink::append(const char* data, std::size_t size) noexcept {
  if (!reserve(size)) return false;
  std::memcpy(PyBytes_AS_STRING(bytes_) + size_, data, size);
  size_ += size;
  return true;
}

ssize_t sink::fill(int number) noexcept {
  const std::size_t most = grown_ ? large_read : small_read;
  ssize_t n;
  if (size_ < direct_from) {
    char first[small_read];
    n = ::read(number, first, sizeof first);
    if (n > 0 && !append(first, static_cast<std::size_t>(n))) return -ENOMEM;
  } else {
    if (!reserve(most)) return -ENOMEM;
    if (full_) populate(PyBytes_AS_STRING(bytes_) + size_, most);
    n = ::read(number, PyBytes_AS_STRING(bytes_) + size_, most);
    if (n > 0) size_ += static_cast<std::size_t>(n);
  }
  if (n < 0) return -errno;
  full_ = static_cast<std::size_t>(n) == most;
  if (!grown_ && full_) {
    grow_pipe(number);  // it writes faster than we read: it pays
    grown_ = true;
  }
  return n;
}

py::bytes sink::take() {
  if (!bytes_) return py::bytes();
  if (static_cast<std::size_t>(PyBytes_GET_SIZE(bytes_)) != size_ &&
      _PyBytes_Resize(&bytes_, static_cast<Py_ssize_t>(size_)) < 0) {
    python_error();
  }
  size_ = 0;
  return py::reinterpret_steal<py::bytes>(std::exchange(bytes_, nullptr));
}

py::bytes sink::copy() const {
  return bytes_ ? py::bytes(PyBytes_AS_STRING(bytes_), size_) : py::bytes();
}

transfer::~transfer() {
  if (given_) PyBuffer_Release(&input_);
}

void transfer::set_input(py::handle input) {
  if (given_) return;
  if (PyObject_GetBuffer(input.ptr(), &input_, PyBUF_SIMPLE) < 0) python_error();
  given_ = true;
}

unsigned transfer::feed(int number, int& os) noexcept {
  const char* const data = static_cast<const char*>(input_.buf) + offset_;
  const ssize_t n = ::write(number, data, std::min(input_size() - offset_, large_read));
  if (n >= 0) offset_ += static_cast<std::size_t>(n);
  if (n < 0 && errno == EPIPE) return in_done;  // it reads no more: not an error, as in Python
  if (n < 0 && errno != EAGAIN && errno != EINTR) os = errno;
  return has_input() ? 0U : in_done;
}

unsigned transfer::run(int in, int out_number, int err_number, std::int64_t until) {
  if (moving_) {
    PyErr_SetString(PyExc_RuntimeError, "communicate() is at work in another thread");
    python_error();
  }
  bool alone = in < 0 && until == INT64_MAX && (out_number < 0) != (err_number < 0);
  int os = 0;
  check_signals();  // one that came just before would not wake poll or read
  for (;;) {
    unsigned done = 0;
    bool interrupted = false;
    moving_ = true;
    {
      const without_gil released;
      const nonblocking guard(in);
      const sigpipe_held no_signal;
      if (in >= 0 && input_size() > small_read && offset_ == 0) grow_pipe(in);
      pollfd p[3] = {{in, POLLOUT, 0}, {out_number, POLLIN, 0}, {err_number, POLLIN, 0}};
      for (bool first = true; !done && !interrupted && !os; first = false) {
        const bool late = !first && until != INT64_MAX && now_ns() >= until;
        if (late) break;
        // One stream and no deadline: read(2) itself is the wait.
        const int r = alone ? 1 : poll_until(p, 3, until);
        if (alone) (out_number >= 0 ? p[1] : p[2]).revents = POLLIN;
        if (r == -EINTR) interrupted = true;
        if (r < 0 && r != -EINTR) os = -r;
        if (r < 0 || (r == 0 && until != INT64_MAX)) break;
        if (p[0].revents) done |= feed(in, os);
        for (int i = 1; i < 3; ++i) {
          if (!p[i].revents) continue;
          const ssize_t n = (i == 1 ? out : err).fill(p[i].fd);
          if (n == 0) done |= i == 1 ? out_done : err_done;
          if (n == -EINTR) interrupted = true;
          // Somebody made it non-blocking; or it is fast, and a poll lets the pipe fill meanwhile.
          if (n == -EAGAIN || n > static_cast<ssize_t>(small_read) / 2) alone = false;
          if (n < 0 && n != -EINTR && n != -EAGAIN) os = static_cast<int>(-n);
        }
      }
    }
    moving_ = false;
    if (os == ENOMEM) {
      PyErr_NoMemory();
      python_error();
    }
    if (os) raise_os_error(os);
    if (interrupted) check_signals();
    if (done || !interrupted) return done;
  }
}

void bind_transfer(py::module_& m) {
  py::class_<transfer>(m, "Transfer", "The bytes of a communicate(), kept across timeouts.")
      .def(py::init<>())
      .def("set_input", &transfer::set_input)
      .def_property_readonly("has_input", &transfer::has_input)
      .def("preload",
           [](transfer& t, const py::bytes& read) {
             const std::string_view bytes = read;
             if (!t.out.append(bytes.data(), bytes.size())) throw std::bad_alloc();
           })
      .def(
          "run",
          [](transfer& t, int in, int out, int err, py::object until) {
            const bool limited = !until.is_none();
            return t.run(in, out, err, limited ? to_ns(until.cast<double>()) : INT64_MAX);
          },
          "Move bytes until a stream is done (1 in, 2 out, 4 err) or time.monotonic() passes.")
      .def("stdout", [](transfer& t) { return t.out.take(); })
      .def("stderr", [](transfer& t) { return t.err.take(); })
      .def("stdout_so_far", [](const transfer& t) { return t.out.copy(); })
      .def("stderr_so_far", [](const transfer& t) { return t.err.copy(); });
}

}  // namespace brood_python
