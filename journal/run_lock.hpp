// Which runs are alive, told by the kernel: each holds a lock on one byte of a common file.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

namespace journal {

/// An open file description lock ends with the process that has it, however that ends; there is
/// nothing to clean up, and no number that another process could have got meanwhile.
class run_locks {
 public:
  /// `folder`: .brood. `writable`: to be able to take a lock. Errors: journal::error, if writable.
  run_locks(const std::string& folder, bool writable);
  ~run_locks();
  run_locks(const run_locks&) = delete;
  run_locks& operator=(const run_locks&) = delete;

  /// Held until this object goes. Errors: journal::error.
  void take(std::int64_t run);
  bool is_held(std::int64_t run) const;

 private:
  std::string path_;
  int fd_ = -1;
};

}  // namespace journal
