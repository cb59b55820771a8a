// One stream of a running job under --line-buffer: whole lines are shown as they come.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "map/printer.hpp"

namespace cli {

/// A pipe from the job to us. A long unfinished line waits in a file.
class live_stream {
 public:
  /// \param to  the descriptor to show it on. Errors: failure.
  explicit live_stream(int to);
  live_stream(const live_stream&) = delete;
  live_stream& operator=(const live_stream&) = delete;
  ~live_stream();

  /// Prepares for the next job.
  void begin() {
    bytes_ = 0;
    last_line_.clear();
  }
  int reader() const { return reader_; }
  int writer() const { return writer_; }
  /// Shows the whole lines that have come; if `ended`, everything, also an unfinished line.
  /// Errors: failure.
  void read(printer& p, std::uint64_t seq, std::string_view tag, bool ended);
  std::uint64_t bytes() const { return bytes_; }
  const std::string& last_line() const { return last_line_; }

 private:
  void take(printer& p, std::uint64_t seq, std::string_view tag, std::string_view text);
  void show_begun(printer& p, std::uint64_t seq);

  int to_;
  int reader_ = -1;
  int writer_ = -1;
  std::string begun_;  // an unfinished line, with its tag
  int overlong_ = -1;  // a file with the part of that line before `begun_`
  std::uint64_t overlong_size_ = 0;
  std::uint64_t bytes_ = 0;
  std::string last_line_;
};

}  // namespace cli
