// Where a report goes: a descriptor in large pieces, or a string.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "exit.hpp"
#include "io.hpp"

namespace cli {

class sink {
 public:
  sink() = default;  ///< keeps all of it
  explicit sink(int fd) : fd_(fd) {}

  /// Errors: failure.
  sink& operator<<(std::string_view piece) {
    text_ += piece;
    if (fd_ >= 0 && text_.size() >= 64 * 1024) flush();
    return *this;
  }
  void flush() {
    if (fd_ < 0) return;
    if (!write_all(fd_, text_)) throw failure{"cannot write the report to stdout"};
    text_.clear();
  }
  std::string take() { return std::exchange(text_, {}); }

 private:
  int fd_ = -1;
  std::string text_;
};

}  // namespace cli
