// Descriptors to wait for, what of them is ready, and the wait itself.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "base/deadline.hpp"

namespace brood::detail::sys {

/// The two directions of a descriptor.
struct readiness {
  bool in = false;   ///< it can be read: there are bytes, its end, or an error
  bool out = false;  ///< it takes bytes, or has an error

  bool any() const noexcept { return in || out; }
  friend bool operator==(const readiness&, const readiness&) noexcept = default;
};

/// One descriptor: what somebody waits for, and what has come.
struct wait_item {
  int number = -1;      ///< passed over if negative
  readiness wanted;     ///< none: passed over too
  readiness ready;      ///< of what is wanted
  bool broken = false;  ///< it has an error, or is none (POLLERR, POLLNVAL)

  static wait_item to_read(int number) noexcept { return {number, {.in = true}, {}}; }
  static wait_item to_write(int number) noexcept { return {number, {.out = true}, {}}; }
  bool active() const noexcept { return number >= 0 && wanted.any(); }
};

/// poll(2) until `until`; fills in what is ready. The number of items that are, 0 at the time, or
/// the negative errno; an interrupted wait goes on. One number may stand in several items.
int poll_until(std::span<wait_item> items, deadline until) noexcept;
/// For one item. Whether it is ready.
bool poll_until(wait_item item, deadline until) noexcept;
void sleep_until(deadline until) noexcept;

}  // namespace brood::detail::sys
