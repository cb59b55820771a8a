// Guardians: how one is started, and those that wait for the next command.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include <brood/error.hpp>
#include <brood/expected.hpp>

#include "spawn/plan_view.hpp"
#include "sys/fd.hpp"
#include "sys/inherited.hpp"
#include "sys/pid_ref.hpp"

namespace brood::detail {

/// One guardian, as its host holds it.
struct guardian_handle {
  sys::fd channel;
  sys::fd wakeup;  ///< while a command starts: readable when the channel should be looked at
  sys::pid_ref process;
  sys::inherited hands_on;  ///< what its commands inherit: what we had when it was started

  /// Close the channel, at which it stops what it has and exits; reap it.
  void end() noexcept;
  /// Wait for one that exits.
  void reap() noexcept;
};

/// \param inner  its descriptors are inherited; null: none are, they will be sent, and as the
///               guardian is one of several, it has a wakeup pipe.
expected<guardian_handle, error> start_guardian(const plan_view* inner, bool portable);

/// A sealed command costs a guardian: a start and an exec of its own. Where many commands come one
/// after another, on one thread, the next one takes the guardian of one that ended.
class guardian_pool {
 public:
  guardian_pool() { idle_.reserve(most); }  // for put(), which may not fail
  guardian_pool(const guardian_pool&) = delete;
  guardian_pool& operator=(const guardian_pool&) = delete;
  ~guardian_pool();

  /// One that hands on what we have now: an idle one, or a new one.
  expected<guardian_handle, error> take(bool portable);
  /// What we have never changes: it is looked at once.
  void look_once() noexcept { looks_once_ = true; }
  void put(guardian_handle g) noexcept;
  /// Start one for the next command. A failure will be found when that comes.
  void prestart(bool portable);

 private:
  std::optional<guardian_handle> take_idle();

  // They are processes. More commands than that at once start guardians of their own.
  static constexpr std::size_t most = 64;
  std::vector<guardian_handle> idle_;
  bool looks_once_ = false;
  std::optional<sys::inherited> now_;  // what we have
};

}  // namespace brood::detail
