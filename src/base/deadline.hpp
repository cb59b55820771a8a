// A moment of the monotonic clock until which something may go on; never past the end of time.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <algorithm>
#include <compare>
#include <cstdint>

#include <brood/duration.hpp>

namespace brood::detail {

/// Monotonic nanoseconds, without a clock of its own: whoever asks says what time it is. Sums
/// saturate, so that no span is too long. Default-constructed: never.
class deadline {
 public:
  constexpr deadline() noexcept = default;

  /// It does not come.
  static constexpr deadline never() noexcept { return deadline(); }
  /// At `ns`; INT64_MAX is never.
  static constexpr deadline at(std::int64_t ns) noexcept { return deadline(ns); }
  /// `span_ns` after `now`; a span of INT64_MAX is never. A negative one has passed.
  static constexpr deadline after(std::int64_t now, std::int64_t span_ns) noexcept {
    if (span_ns == INT64_MAX || (now > 0 && span_ns > INT64_MAX - now)) return never();
    if (now < 0 && span_ns < INT64_MIN - now) return deadline(INT64_MIN);
    return deadline(now + span_ns);
  }
  /// As above; a span that is not given is never.
  static constexpr deadline after(std::int64_t now, duration span) noexcept {
    return span.given() ? after(now, span.nanoseconds()) : never();
  }

  constexpr bool is_never() const noexcept { return ns_ == INT64_MAX; }
  constexpr bool passed(std::int64_t now) const noexcept { return !is_never() && now >= ns_; }
  /// INT64_MAX if never.
  constexpr std::int64_t ns() const noexcept { return ns_; }
  /// What is left at `now`: 0 once it has passed, INT64_MAX if never.
  constexpr std::int64_t left(std::int64_t now) const noexcept {
    if (is_never()) return INT64_MAX;
    if (now >= ns_) return 0;
    return now < 0 && ns_ > INT64_MAX + now ? INT64_MAX : ns_ - now;
  }

  friend constexpr auto operator<=>(const deadline&, const deadline&) noexcept = default;

 private:
  explicit constexpr deadline(std::int64_t ns) noexcept : ns_(ns) {}

  std::int64_t ns_ = INT64_MAX;
};

/// The one that comes first.
constexpr deadline earlier(deadline a, deadline b) noexcept { return std::min(a, b); }

}  // namespace brood::detail
