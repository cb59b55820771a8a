// The caller's ends of a command's streams.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cerrno>

#include <brood/process.hpp>
#include <brood/result.hpp>

#include "base/deadline.hpp"
#include "base/make_error.hpp"
#include "base/seconds.hpp"
#include "stream/storage.hpp"
#include "sys/cancellation_posix.hpp"
#include "sys/fd.hpp"
#include "sys/time.hpp"
#include "sys/wait.hpp"

namespace brood {

namespace sys = detail::sys;
using detail::deadline;

namespace {

constexpr std::size_t read_ahead = 64 * 1024;

void close_end(int& number) noexcept {
  if (number >= 0) sys::close_fd(number);
  number = -1;
}

[[noreturn]] void raise_late(duration timeout) {
  completed_process so_far;
  so_far.reason = reason::timed_out;
  so_far.complete = false;
  error(error_kind::timed_out, error_stage::timeout, "read_line", {},
        "no line in " + detail::in_seconds(timeout.nanoseconds()))
      .with(std::move(so_far))
      .raise();
}

}  // namespace

// Somebody may have made it non-blocking, for a loop of their own.
template <class Read>
std::size_t pipe_reader::read_waiting(Read read) {
  ssize_t n = 0;
  while ((n = read()) == -EAGAIN) {
    (void)sys::poll_until(sys::wait_item::to_read(fd_), deadline::never());
  }
  if (n < 0) detail::os_error(error_stage::read, "output", static_cast<int>(-n)).raise();
  if (n > 0 && read_at_) read_at_->store(sys::now(), std::memory_order_relaxed);
  return static_cast<std::size_t>(n);
}

void pipe_writer::write(std::string_view bytes) {
  const sys::no_cancellation whole;
  if (fd_ < 0) detail::bad_request("stdin", "it is closed").raise();
  const int r = sys::write_all(fd_, bytes.data(), bytes.size());
  if (r < 0) detail::os_error(error_stage::write, "stdin", -r).raise();
}

void pipe_writer::close() noexcept { close_end(fd_); }

void pipe_reader::close() noexcept { close_end(fd_); }

// False at end-of-file.
bool pipe_reader::fill() {
  if (fd_ < 0) return false;
  buffer_.erase(0, start_);
  start_ = 0;
  return read_waiting([&] { return detail::read_onto(buffer_, fd_, read_ahead); }) > 0;
}

std::size_t pipe_reader::read(std::span<char> to) {
  const sys::no_cancellation whole;
  if (to.empty()) return 0;
  if (start_ < buffer_.size()) {
    const std::size_t n = buffer_.copy(to.data(), to.size(), start_);
    start_ += n;
    return n;
  }
  if (fd_ < 0) return 0;
  return read_waiting([&] { return sys::read_some(fd_, to.data(), to.size()); });
}

std::size_t pipe_reader::read(std::span<std::byte> to) {
  return read(std::span<char>(reinterpret_cast<char*>(to.data()), to.size()));
}

std::optional<std::string> pipe_reader::read_line() { return read_line(duration(), SIZE_MAX); }

std::optional<std::string> pipe_reader::read_line(std::size_t most) {
  return read_line(duration(), most);
}

std::optional<std::string> pipe_reader::read_line(duration timeout, std::size_t most) {
  const sys::no_cancellation whole;
  if (most == 0) detail::bad_request("most", "must be more than 0").raise();
  if (timeout.not_a_number()) detail::bad_request("timeout", "not a number").raise();
  if (timeout.nanoseconds() < 0) detail::bad_request("timeout", "negative").raise();
  const deadline until = deadline::after(timeout.given() ? sys::now() : 0, timeout);
  const auto take = [&](std::size_t size) {
    std::string line = buffer_.substr(start_, std::min(size, most));
    start_ += line.size();
    return line;
  };
  std::size_t seen = 0;  // of what is unread: has no end of line
  for (;;) {
    const std::size_t end = buffer_.find('\n', start_ + seen);
    if (end != buffer_.npos) return take(end + 1 - start_);
    seen = buffer_.size() - start_;
    if (seen >= most) return take(most);
    if (!until.is_never() && fd_ >= 0 && !sys::poll_until(sys::wait_item::to_read(fd_), until)) {
      raise_late(timeout);
    }
    if (!fill()) break;
  }
  if (start_ == buffer_.size()) return {};
  return take(most);
}

std::string pipe_reader::read_all() {
  const sys::no_cancellation whole;
  std::string all = buffer_.substr(start_);
  buffer_.clear();
  start_ = 0;
  while (fd_ >= 0) {
    if (read_waiting([&] { return detail::read_onto(all, fd_, read_ahead); }) == 0) break;
  }
  return all;
}

}  // namespace brood
