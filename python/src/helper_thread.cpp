// The helper thread and the queue between it and the caller.
// SPDX-License-Identifier: Apache-2.0
#include "helper_thread.hpp"

#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <exception>
#include <memory>
#include <optional>
#include <thread>

namespace brood_python {

namespace {

constexpr std::size_t most_lines = 4096;

// The thread that runs `work`. Signals are for the threads that were there before it.
class worker {
 public:
  worker(line_queue& lines, const std::function<void()>& work) {
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before);
    try {
      thread_ = std::thread([this, &lines, &work] {
        try {
          work();
        } catch (...) {
          failure_ = std::current_exception();
        }
        done_.store(true);
        lines.wake();
      });
    } catch (...) {
      ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
      throw;
    }
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  }

  worker(const worker&) = delete;
  worker& operator=(const worker&) = delete;
  ~worker() {
    if (thread_.joinable())
      stay();  // the interpreter ended this thread in the middle of a callback
  }

  bool done() const noexcept { return done_.load(); }
  std::exception_ptr join() {
    thread_.join();
    return failure_;
  }

 private:
  std::thread thread_;
  std::exception_ptr failure_;
  std::atomic<bool> done_{false};
};

void deliver(line_queue& lines, py::handle on_line) {
  line_queue::line l;
  while (lines.pop(l)) {
    if (!on_line.is_none()) on_line(l.stream, py::bytes(l.text));
  }
}

}  // namespace

line_queue::line_queue() : event_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (event_ < 0) raise_os_error(errno);
}

line_queue::~line_queue() { ::close(event_); }

void line_queue::push(line l) {
  std::unique_lock hold(lock_);
  room_.wait(hold, [&] { return dropping_ || lines_.size() < most_lines; });
  if (dropping_) return;
  lines_.push_back(std::move(l));
  const bool first = lines_.size() == 1;
  hold.unlock();
  if (first) wake();
}

bool line_queue::pop(line& to) {
  const std::lock_guard hold(lock_);
  if (lines_.empty()) return false;
  to = std::move(lines_.front());
  lines_.pop_front();
  room_.notify_one();
  return true;
}

void line_queue::drop() {
  const std::lock_guard hold(lock_);
  dropping_ = true;
  lines_.clear();
  room_.notify_one();
}

void line_queue::wake() noexcept {
  const std::uint64_t one = 1;
  (void)!::write(event_, &one, sizeof one);
}

void line_queue::clear_event() noexcept {
  std::uint64_t count;
  (void)!::read(event_, &count, sizeof count);
}

void in_helper_thread(line_queue& lines, py::handle on_line, const std::function<void()>& work,
                      const std::function<void()>& cancel) {
  std::optional<py::error_already_set> raised;
  auto owned = std::make_unique<worker>(lines, work);
  worker& helper = *owned;
  const pid_t owner = ::getpid();
  bool last = false;
  while (!last) {
    last = helper.done();  // before the lines: those that came until then are still delivered
    try {
      check_signals();
      deliver(lines, on_line);
      if (::getpid() != owner) {
        PyErr_SetString(PyExc_RuntimeError, "the command is not this forked process's");
        python_error();
      }
    } catch (py::error_already_set& e) {
      if (::getpid() != owner) {  // a callback forked: the helper is not in this process
        (void)owned.release();
        throw;
      }
      if (!raised) raised.emplace(std::move(e));
      lines.drop();
      cancel();
      continue;
    }
    if (last) break;
    const without_gil released;
    pollfd p{lines.event_fd(), POLLIN, 0};
    if (poll_until(&p, 1, INT64_MAX) > 0) lines.clear_event();
  }
  std::exception_ptr failure;
  {
    const without_gil released;
    failure = helper.join();
  }
  if (raised) throw std::move(*raised);
  if (failure) std::rethrow_exception(failure);
}

}  // namespace brood_python
