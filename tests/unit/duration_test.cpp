// Durations: exact where they can be, remembered as out of range where they cannot.
// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <cstdint>
#include <limits>

#include <gtest/gtest.h>

#include <brood/duration.hpp>

namespace {

using namespace std::chrono_literals;
using namespace brood::literals;
using brood::duration;
using seconds_d = std::chrono::duration<double>;

TEST(duration, is_absent_by_default) {
  EXPECT_FALSE(duration().given());
  EXPECT_EQ(duration().nanoseconds(), 0);
  EXPECT_NE(duration(), duration(0s));
  EXPECT_TRUE(duration(0s).given());
}

TEST(duration, takes_whole_units_exactly) {
  EXPECT_EQ(duration(1ns).nanoseconds(), 1);
  EXPECT_EQ(duration(3us).nanoseconds(), 3'000);
  EXPECT_EQ(duration(250ms).nanoseconds(), 250'000'000);
  EXPECT_EQ(duration(10s).nanoseconds(), 10'000'000'000);
  EXPECT_EQ(duration(2min).nanoseconds(), 120'000'000'000);
  EXPECT_EQ(duration(24h).nanoseconds(), 86'400'000'000'000);
  EXPECT_EQ(duration(9'007'199'254'740'993ns).nanoseconds(), 9'007'199'254'740'993);
  EXPECT_EQ(duration(9'000'000'000'123'456'789ns).nanoseconds(), 9'000'000'000'123'456'789);
}

TEST(duration, takes_fractions_to_the_nearest_nanosecond) {
  EXPECT_EQ(duration(seconds_d(0.5)).nanoseconds(), 500'000'000);
  EXPECT_EQ(duration(seconds_d(0.1)).nanoseconds(), 100'000'000);
  EXPECT_EQ(duration(seconds_d(0.3)).nanoseconds(), 300'000'000);
  EXPECT_EQ(duration(std::chrono::duration<float>(1.25f)).nanoseconds(), 1'250'000'000);
  EXPECT_EQ(duration(std::chrono::duration<double, std::milli>(1.5)).nanoseconds(), 1'500'000);
}

TEST(duration, never_rounds_something_to_nothing) {
  EXPECT_EQ(duration(seconds_d(1e-12)).nanoseconds(), 1);
  EXPECT_LT(duration(seconds_d(-1e-12)).nanoseconds(), 0);
}

TEST(duration, remembers_that_it_is_not_a_number) {
  const duration d = seconds_d(std::numeric_limits<double>::quiet_NaN());
  EXPECT_TRUE(d.given());
  EXPECT_TRUE(d.not_a_number());
  EXPECT_FALSE(d.too_large());
  EXPECT_EQ(d.nanoseconds(), 0);
}

TEST(duration, remembers_that_it_is_too_large) {
  for (const duration& d : {duration(std::chrono::hours(10'000'000)), duration(seconds_d(1e300)),
                            duration(std::chrono::hours::max()),
                            duration(seconds_d(std::numeric_limits<double>::infinity()))}) {
    EXPECT_TRUE(d.given());
    EXPECT_TRUE(d.too_large());
    EXPECT_EQ(d.nanoseconds(), INT64_MAX);
  }
}

TEST(duration, stays_negative_however_far_it_goes) {
  EXPECT_EQ(duration(-1s).nanoseconds(), -1'000'000'000);
  for (const duration& d : {duration(seconds_d(-1e300)), duration(std::chrono::hours(-10'000'000)),
                            duration(std::chrono::hours::min()),
                            duration(seconds_d(-std::numeric_limits<double>::infinity()))}) {
    EXPECT_TRUE(d.given());
    EXPECT_LT(d.nanoseconds(), 0);
    EXPECT_FALSE(d.too_large());
  }
}

TEST(duration, takes_narrow_counts_without_overflow) {
  using byte_hours = std::chrono::duration<std::int8_t, std::ratio<3600>>;
  EXPECT_EQ(duration(byte_hours(100)).nanoseconds(), 360'000'000'000'000);
  using unsigned_days = std::chrono::duration<std::uint32_t, std::ratio<86400>>;
  EXPECT_TRUE(duration(unsigned_days(4'000'000'000u)).too_large());
}

TEST(duration, is_known_at_compile_time) {
  constexpr duration d = 10s;
  static_assert(d.nanoseconds() == 10'000'000'000);
  static_assert(duration::infinite().nanoseconds() == INT64_MAX);
  static_assert(!duration::infinite().too_large());
  EXPECT_EQ(static_cast<std::chrono::nanoseconds>(d), 10s);
}

TEST(duration, equals_what_it_was_made_from_in_another_unit) {
  EXPECT_EQ(duration(1s), duration(1000ms));
  EXPECT_EQ(duration(1500ms), duration(seconds_d(1.5)));
  EXPECT_NE(duration(1s), duration(2s));
}

TEST(literals, count_in_powers_of_1024) {
  EXPECT_EQ(1_KiB, 1024u);
  EXPECT_EQ(256_MiB, 268'435'456u);
  EXPECT_EQ(3_GiB, 3'221'225'472u);
}

}  // namespace
