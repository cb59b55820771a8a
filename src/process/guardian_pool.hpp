// Guardians whose command has ended and left nothing, kept for the next one.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "sys/fd.hpp"
#include "sys/inherited.hpp"
#include "sys/pid_ref.hpp"

namespace brood::detail {

/// One guardian, as its host holds it.
struct guardian_handle {
  sys::fd channel;
  sys::fd wakeup;  ///< while a command starts: readable when the channel should be looked at
  sys::pid_ref ref;
  sys::inherited hands_on;  ///< what its commands inherit: what we had when it was started

  /// Closing the channel makes it stop what it has and exit; then it is reaped.
  void end() noexcept;
  /// Wait for one that exits.
  void reap() noexcept;
};

/// A sealed command costs a guardian: a start and an exec of its own. Where many commands come one
/// after another, on one thread, the next one takes the guardian of one that ended.
class guardian_pool {
 public:
  guardian_pool() { links_.reserve(most); }  // for put(), which may not fail
  guardian_pool(const guardian_pool&) = delete;
  guardian_pool& operator=(const guardian_pool&) = delete;
  ~guardian_pool();

  /// One that hands on `now`. Those that have died or hand on something else are ended.
  std::optional<guardian_handle> take(const sys::inherited& now);
  void put(guardian_handle g) noexcept;

 private:
  static constexpr std::size_t most = 64;  // they are processes
  std::vector<guardian_handle> links_;
};

/// Starts one for the next command. That it cannot be had will be found then.
void add_guardian(guardian_pool& idle, bool portable);

}  // namespace brood::detail
