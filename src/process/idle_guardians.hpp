// Guardians whose command has ended and left nothing, kept for the next one.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "sys/fd.hpp"
#include "sys/inherited.hpp"

namespace brood::detail {

/// One guardian, as its host holds it.
struct guardian_link {
  sys::fd channel;
  sys::fd bell;  ///< while a command starts: readable when the channel should be looked at
  int pid = -1;
  sys::fd pidfd;
  sys::inherited hands_on;  ///< what its commands inherit: what we had when it was started

  /// Closing the channel makes it stop what it has and exit; then it is reaped.
  void end() noexcept;
  /// Wait for one that exits.
  void reap() noexcept;
};

/// A sealed command costs a guardian: a start and an exec of its own. Where many commands come one
/// after another, on one thread, the next one takes the guardian of one that ended.
class idle_guardians {
 public:
  idle_guardians() { links_.reserve(most); }  // for put(), which may not fail
  idle_guardians(const idle_guardians&) = delete;
  idle_guardians& operator=(const idle_guardians&) = delete;
  ~idle_guardians();

  /// One that hands on `now`. Those that have died or hand on something else are ended.
  std::optional<guardian_link> take(const sys::inherited& now);
  void put(guardian_link g) noexcept;

 private:
  static constexpr std::size_t most = 64;  // they are processes
  std::vector<guardian_link> links_;
};

/// Starts one for the next command. That it cannot be had will be found then.
void add_guardian(idle_guardians& idle, bool portable);

}  // namespace brood::detail
