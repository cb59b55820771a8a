// A stop ladder on its way: which signal is due, and when to look again.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "process/targets.hpp"

namespace brood::detail {

inline constexpr int most_rungs = 16;

struct rung {
  int signal;
  std::int64_t grace_ns;
};

/// The steps of a stop, ending in SIGKILL. Plain data: it travels to the guardian.
struct ladder_steps {
  rung rungs[most_rungs];
  int count = 0;
};

/// Goes down a ladder over a set of targets. Passive: whoever owns the loop calls tick().
class ladder {
 public:
  void start(const ladder_steps& steps) noexcept;
  /// Skip to the last rung.
  void escalate() noexcept;
  bool started() const noexcept { return started_; }
  bool done() const noexcept { return done_; }
  void finish() noexcept { done_ = true; }

  /// Send what is due. The moment at which to call again.
  std::int64_t tick(targets& all, std::int64_t now) noexcept;

 private:
  bool last() const noexcept { return at_ == steps_.count - 1; }
  ladder_steps steps_{};
  int at_ = 0;
  bool started_ = false;
  bool done_ = false;
  bool entered_ = false;
  std::int64_t rung_ends_ = 0;
  std::int64_t pause_ = 0;
};

}  // namespace brood::detail
