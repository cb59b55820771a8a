// The caller's ends of a command's streams.
// SPDX-License-Identifier: Apache-2.0
#include <poll.h>

#include <cerrno>

#include <brood/process.hpp>

#include "base/make_error.hpp"
#include "stream/storage.hpp"
#include "sys/fd.hpp"
#include "sys/time.hpp"

namespace brood {

namespace sys = detail::sys;

namespace {

constexpr std::size_t read_ahead = 64 * 1024;

void close_end(int& number) noexcept {
  if (number >= 0) sys::close_fd(number);
  number = -1;
}

}  // namespace

void pipe_writer::write(std::string_view bytes) {
  if (fd_ < 0) detail::bad_request("stdin", "it is closed").raise();
  const int r = sys::write_all(fd_, bytes.data(), bytes.size());
  if (r < 0) detail::os_error(error_stage::write, "stdin", -r).raise();
}

void pipe_writer::close() noexcept { close_end(fd_); }

void pipe_reader::close() noexcept { close_end(fd_); }

bool pipe_reader::fill() {
  if (fd_ < 0) return false;
  buffer_.erase(0, start_);
  start_ = 0;
  const ssize_t n = detail::read_onto(buffer_, fd_, read_ahead);
  if (n < 0) detail::os_error(error_stage::read, "output", static_cast<int>(-n)).raise();
  return n > 0;
}

std::size_t pipe_reader::read(std::span<char> to) {
  if (to.empty()) return 0;
  if (start_ < buffer_.size()) {
    const std::size_t n = buffer_.copy(to.data(), to.size(), start_);
    start_ += n;
    return n;
  }
  if (fd_ < 0) return 0;
  const ssize_t n = sys::read_some(fd_, to.data(), to.size());
  if (n < 0) detail::os_error(error_stage::read, "output", static_cast<int>(-n)).raise();
  return static_cast<std::size_t>(n);
}

std::size_t pipe_reader::read(std::span<std::byte> to) {
  return read(std::span<char>(reinterpret_cast<char*>(to.data()), to.size()));
}

std::optional<std::string> pipe_reader::read_line() {
  std::size_t seen = start_;
  for (;;) {
    const std::size_t end = buffer_.find('\n', seen);
    if (end != buffer_.npos) {
      std::string line = buffer_.substr(start_, end + 1 - start_);
      start_ = end + 1;
      return line;
    }
    seen = buffer_.size() - start_;
    if (!fill()) break;
  }
  if (start_ == buffer_.size()) return {};
  std::string rest = buffer_.substr(start_);
  buffer_.clear();
  start_ = 0;
  return rest;
}

std::string pipe_reader::read_all() {
  std::string all = buffer_.substr(start_);
  buffer_.clear();
  start_ = 0;
  while (fd_ >= 0) {
    const ssize_t n = detail::read_onto(all, fd_, read_ahead);
    if (n < 0) detail::os_error(error_stage::read, "output", static_cast<int>(-n)).raise();
    if (n == 0) break;
  }
  return all;
}

}  // namespace brood
