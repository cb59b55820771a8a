// Holding up whoever opens a file: how a test stops a child in the middle of exec.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

namespace support {

// A copy of `program` whose exec waits until release(): a write lease on it (fcntl_locking(2)),
// which the kernel would break by itself after 45 seconds.
class held_program {
 public:
  held_program(const std::string& program, const std::string& copy);
  held_program(const held_program&) = delete;
  held_program& operator=(const held_program&) = delete;
  ~held_program();

  const std::string& path() const { return path_; }
  // False where the file system has no leases: skip the test.
  bool held() const { return fd_ >= 0; }
  void release();

 private:
  std::string path_;
  int fd_ = -1;
};

}  // namespace support
