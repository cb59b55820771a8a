// The median of the most recent durations.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace cli {

/// Of a bounded number of them, so that memory does not grow with the number of jobs.
class median_of_last {
 public:
  void add(std::int64_t value) {
    if (values_.size() < most) {
      values_.push_back(value);
    } else {
      values_[next_++ % most] = value;
    }
    known_.reset();
  }
  /// Nothing before there are three durations.
  std::optional<std::int64_t> get() const {
    if (values_.size() < 3) return {};
    if (!known_) {
      std::vector<std::int64_t> sorted = values_;
      const auto middle = sorted.begin() + static_cast<std::ptrdiff_t>(sorted.size() / 2);
      std::nth_element(sorted.begin(), middle, sorted.end());
      known_ = *middle;
    }
    return known_;
  }

 private:
  static constexpr std::size_t most = 999;
  std::vector<std::int64_t> values_;
  std::size_t next_ = 0;
  mutable std::optional<std::int64_t> known_;
};

}  // namespace cli
