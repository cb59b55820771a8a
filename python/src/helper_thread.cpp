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
#include <system_error>
#include <utility>

namespace brood_python {

namespace {

constexpr std::size_t most_lines = 4096;

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

struct background::shared {
  std::shared_ptr<line_queue> lines;
  std::function<void()> work;
  std::function<void()> cancel;
  std::exception_ptr failure;
  std::atomic<bool> done{false};
  pid_t owner = ::getpid();
};

// Signals are for the threads that were there before this one.
background::background(std::shared_ptr<line_queue> lines, std::function<void()> work,
                       std::function<void()> cancel)
    : shared_(std::make_shared<shared>()) {
  shared_->lines = std::move(lines);
  shared_->work = std::move(work);
  shared_->cancel = std::move(cancel);
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  try {
    thread_ = std::thread([s = shared_] {
      try {
        s->work();
      } catch (...) {
        s->failure = std::current_exception();
      }
      s->done.store(true);
      s->lines->wake();
    });
  } catch (...) {
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    throw;
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

background::~background() {
  if (!thread_.joinable()) return;
  if (::getpid() != shared_->owner) {  // a forked child does not have the thread
    new std::thread(std::move(thread_));
    return;
  }
  shared_->lines->drop();
  thread_.detach();
}

bool background::running() const noexcept {
  return thread_.joinable() && ::getpid() == shared_->owner;
}

void background::join() {
  if (!thread_.joinable()) return;
  const without_gil released;
  thread_.join();
}

bool background::serve(py::handle on_line, std::int64_t until, interrupt handlers) {
  shared& s = *shared_;
  std::optional<py::error_already_set> raised;
  for (bool last = false; !last;) {
    last = s.done.load();  // before the lines: those that came until then are still delivered
    bool by_signal = true;
    try {
      check_signals();
      by_signal = false;
      if (!raised) deliver(*s.lines, on_line);
      if (::getpid() != s.owner) {
        PyErr_SetString(PyExc_RuntimeError, "the command is not this forked process's");
        python_error();
      }
    } catch (py::error_already_set& e) {
      if (::getpid() != s.owner) throw;  // a callback forked
      if (by_signal && handlers == interrupt::leaves_it_alone && !raised) throw;
      if (!raised) raised.emplace(std::move(e));
      s.lines->drop();
      s.cancel();
      last = false;
      continue;
    }
    if (last) break;
    if (!raised && until != INT64_MAX && now_ns() >= until) return false;
    const without_gil released;
    pollfd p{s.lines->event_fd(), POLLIN, 0};
    if (poll_until(&p, 1, raised ? INT64_MAX : until) > 0) s.lines->clear_event();
  }
  join();
  if (raised) throw std::move(*raised);
  if (s.failure) std::rethrow_exception(std::exchange(s.failure, nullptr));
  return true;
}

void raise_no_thread(const std::system_error& why) {
  raise_os_error(why.code().value(), py::str("a thread of brood's").release().ptr());
}

void in_helper_thread(const std::shared_ptr<line_queue>& lines, py::handle on_line,
                      const std::function<void()>& work, const std::function<void()>& cancel) {
  std::optional<background> started;
  try {
    started.emplace(lines, work, cancel);
  } catch (const std::system_error& e) {
    if (!on_line.is_none()) raise_no_thread(e);
    const without_gil released;
    return work();
  }
  background& call = *started;
  // `work` lives in frames of ours. The interpreter may end this thread in the middle of a
  // callback.
  struct guard {
    const background& call;
    ~guard() {
      if (call.running()) stay();
    }
  } const held{call};
  (void)call.serve(on_line, INT64_MAX, background::interrupt::cancels);
}

}  // namespace brood_python
