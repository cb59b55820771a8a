// A span of time as callers give it: any std::chrono duration, checked instead of overflowing.
// SPDX-License-Identifier: Apache-2.0
#pragma once

// Only std::chrono::duration is needed here. libstdc++ keeps it apart from the clocks' formatting,
// which would add about half again to the cost of including brood/run.hpp.
#if __has_include(<bits/chrono.h>)
#include <bits/chrono.h>
#else
#include <chrono>
#endif
#include <cstdint>

namespace brood {

/// A time limit or a grace period. Default-constructed: not given.
///
/// Units: nanoseconds inside, monotonic time; up to about 292 years. What cannot be represented
/// (NaN, or beyond that range) is remembered as such, so that the call it is given to can refuse it
/// by name instead of wrapping around.
class duration {
 public:
  constexpr duration() noexcept = default;

  /// Implicit on purpose: `.timeout = 10s`, `.timeout = std::chrono::duration<double>(0.5)`.
  template <class Rep, class Period>
  constexpr duration(std::chrono::duration<Rep, Period> d) noexcept {
    const auto seconds = static_cast<long double>(d.count()) *
                         static_cast<long double>(Period::num) /
                         static_cast<long double>(Period::den);
    *this = from_seconds(seconds);
    if (state_ != state::given || ns_ == INT64_MIN) return;
    if constexpr (static_cast<Rep>(0.5) == Rep{}) {  // an integral count: exact
      ns_ = std::chrono::duration_cast<std::chrono::nanoseconds>(d).count();
    }
  }

  static constexpr duration from_seconds(long double seconds) noexcept {
    duration r;
    constexpr long double most = 9.2e9L;  // seconds in 2^63 nanoseconds, rounded down
    if (seconds != seconds) {
      r.state_ = state::not_a_number;
    } else if (seconds >= most || seconds <= -most) {
      r.state_ = seconds > 0 ? state::too_large : state::given;
      r.ns_ = seconds > 0 ? INT64_MAX : INT64_MIN;
    } else {
      r.state_ = state::given;
      // To the nearest; what is not nothing stays more than nothing.
      r.ns_ = static_cast<std::int64_t>(seconds * 1e9L + (seconds < 0 ? -0.5L : 0.5L));
      if (r.ns_ == 0 && seconds > 0) r.ns_ = 1;
      if (r.ns_ == 0 && seconds < 0) r.ns_ = -1;
    }
    return r;
  }

  /// Longer than anything: no limit.
  static constexpr duration infinite() noexcept {
    duration r;
    r.state_ = state::given;
    r.ns_ = INT64_MAX;
    return r;
  }

  constexpr bool given() const noexcept { return state_ != state::absent; }
  constexpr bool not_a_number() const noexcept { return state_ == state::not_a_number; }
  constexpr bool too_large() const noexcept { return state_ == state::too_large; }
  /// INT64_MAX when too large; 0 when not given or not a number.
  constexpr std::int64_t nanoseconds() const noexcept { return ns_; }
  constexpr explicit operator std::chrono::nanoseconds() const noexcept {
    return std::chrono::nanoseconds(ns_);
  }
  friend constexpr bool operator==(const duration&, const duration&) noexcept = default;

 private:
  enum class state : unsigned char { absent, given, not_a_number, too_large };
  std::int64_t ns_ = 0;
  state state_ = state::absent;
};

namespace literals {
constexpr std::uint64_t operator""_KiB(unsigned long long n) noexcept { return n << 10; }
constexpr std::uint64_t operator""_MiB(unsigned long long n) noexcept { return n << 20; }
constexpr std::uint64_t operator""_GiB(unsigned long long n) noexcept { return n << 30; }
}  // namespace literals

}  // namespace brood
