// A file that keeps the part of a stream that --max-output and --overflow leave.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <string_view>
#include <vector>

#include <brood/options.hpp>

#include "map/printer.hpp"

namespace cli {

/// Never grows beyond the limit: the end of the stream is kept in a ring.
class capped_file {
 public:
  /// \param file  borrowed; open for writing, not in append mode.
  capped_file(int file, const brood::output_limit& limit);

  /// Called by one thread.
  void add(std::string_view bytes);
  /// True if there was more than the limit, and --overflow makes that an error. For any thread.
  bool exceeded() const { return exceeded_; }

  // After the last add():
  /// What was kept, in order.
  std::vector<extent> parts() const;
  std::uint64_t omitted() const;
  std::uint64_t total() const { return total_; }
  /// The errno of a write that failed, or 0.
  int failed() const { return failed_; }

 private:
  void put(std::string_view bytes, std::uint64_t at);

  int file_;
  bool is_error_;
  std::uint64_t head_;  // bytes from the start
  std::uint64_t ring_;  // and from the end
  std::uint64_t total_ = 0;
  std::atomic<bool> exceeded_ = false;
  int failed_ = 0;
};

}  // namespace cli
