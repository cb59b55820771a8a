// Which runs are alive, according to the kernel: each holds a lock on one byte of a common file.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include "journal/folder.hpp"

namespace journal {

/// The kernel drops such a lock when its process ends, in whatever way. So there is nothing to
/// clean up, and no pid in a file that another process might have by now.
class run_locks {
 public:
  /// `writable`: for take(). Errors: unavailable, if the file system has no locks, or if writable.
  run_locks(const folder& where, bool writable);
  ~run_locks();
  run_locks(const run_locks&) = delete;
  run_locks& operator=(const run_locks&) = delete;

  /// Takes the lock of a run, until this object is destroyed. Errors: journal::error.
  void take(std::int64_t run);
  bool is_held(std::int64_t run) const;

 private:
  void check() const;

  std::string path_;
  int fd_ = -1;
};

}  // namespace journal
