// Waits for many descriptors at once.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include <brood/error.hpp>
#include <brood/expected.hpp>

namespace brood::detail {

/// Two implementations: epoll(7), whose cost does not grow with what is merely watched, and
/// poll(2). Level-triggered. Not for several threads.
class poller {
 public:
  virtual ~poller() = default;

  /// Each of these returns 0 or the negative errno. `events` as poll(2) has them.
  virtual int add(int number, short events, std::uint64_t token) noexcept = 0;
  virtual int change(int number, short events, std::uint64_t token) noexcept = 0;
  virtual void remove(int number) noexcept = 0;

  /// Readable when something is ready; -1: there is no such descriptor.
  virtual int handle() const noexcept { return -1; }

  /// Wait until something is ready or `until` (monotonic ns): appends the tokens, some perhaps
  /// more than once.
  virtual int wait(std::vector<std::uint64_t>& tokens, std::int64_t until) = 0;
};

std::unique_ptr<poller> make_poll_poller();
/// The best of this system; `portable`: poll(2).
expected<std::unique_ptr<poller>, error> make_poller(bool portable);

}  // namespace brood::detail
