// Moves a part of a file into the pipe from which a job reads its stdin.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "map/job.hpp"

namespace cli {

class block_feed {
 public:
  /// `what` is a part of a file. Errors: failure.
  explicit block_feed(const job_block& what);
  block_feed(const block_feed&) = delete;
  block_feed& operator=(const block_feed&) = delete;
  ~block_feed();

  /// Open as long as the job may start. We never write to a pipe without a reader.
  int reader() const { return reader_; }
  /// To wait for; -1 once everything was moved.
  int writer() const { return writer_; }
  /// Moves what the pipe has room for. Errors: failure.
  void move();

 private:
  void finish();
  std::int64_t move_some();

  int file_;
  std::uint64_t at_;
  std::uint64_t left_;
  int reader_ = -1;
  int writer_ = -1;
  bool splices_ = true;
};

}  // namespace cli
