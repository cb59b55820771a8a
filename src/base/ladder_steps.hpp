// The steps of a stop as plain data: which signal, and how long to wait before the next one.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace brood::detail {

inline constexpr int most_rungs = 16;

struct rung {
  std::int64_t signal = 0;
  std::int64_t grace_ns = 0;  ///< INT64_MAX: without limit
};

/// Ends in SIGKILL. Plain data without padding: it travels to the guardian.
struct ladder_steps {
  rung rungs[most_rungs];
  std::int64_t count = 0;
};

}  // namespace brood::detail
