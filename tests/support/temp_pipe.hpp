// A pipe for a test: both ends close-on-exec, both closed at the end.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace support {

class temp_pipe {
 public:
  temp_pipe() {
    if (pipe2(ends_, O_CLOEXEC) != 0) {
      throw std::system_error(errno, std::generic_category(), "pipe2");
    }
  }
  temp_pipe(const temp_pipe&) = delete;
  temp_pipe& operator=(const temp_pipe&) = delete;
  ~temp_pipe() {
    close_read();
    close_write();
  }

  int read_end() const { return ends_[0]; }
  int write_end() const { return ends_[1]; }
  void close_read() { close_end(ends_[0]); }
  void close_write() { close_end(ends_[1]); }
  // The caller closes what it took.
  int release_read() { return std::exchange(ends_[0], -1); }
  int release_write() { return std::exchange(ends_[1], -1); }

 private:
  static void close_end(int& fd) {
    if (fd >= 0) close(std::exchange(fd, -1));
  }

  int ends_[2] = {-1, -1};
};

}  // namespace support
