// Waits for many descriptors at once.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <brood/error.hpp>
#include <brood/expected.hpp>

#include "sys/wait.hpp"

namespace brood::detail {

/// Two implementations: epoll(7), whose cost does not grow with what is merely watched, and
/// poll(2). Level-triggered. Not for several threads, and not for a forked copy of the process that
/// made it: there nothing can be changed, as the kernel would change it for the original as well.
class poller {
 public:
  /// What came for the descriptor that was added with `token`.
  struct event {
    std::uint64_t token = 0;
    sys::readiness ready;
    bool broken = false;
  };
  virtual ~poller() = default;

  /// Each of these returns 0 or the negative errno. A descriptor is to be removed before it is
  /// closed: a forked copy of the host keeps it open, and it would be reported for ever.
  virtual int add(int number, sys::readiness wanted, std::uint64_t token) noexcept = 0;
  virtual int change(int number, sys::readiness wanted, std::uint64_t token) noexcept = 0;
  virtual void remove(int number) noexcept = 0;

  /// Readable when something is ready; -1: there is no such descriptor.
  virtual int handle() const noexcept { return -1; }

  /// Wait until something is ready or `until`: appends what came.
  virtual int wait(std::vector<event>& events, deadline until) = 0;
};

std::unique_ptr<poller> make_poll_poller();
/// The best of this system; `portable`: poll(2).
expected<std::unique_ptr<poller>, error> make_poller(bool portable);

}  // namespace brood::detail
