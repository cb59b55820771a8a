// Spans as text: exact, short, and the same in every locale.
// SPDX-License-Identifier: Apache-2.0
#include "base/seconds.hpp"

#include <cstdint>
#include <cstdio>

#include <gtest/gtest.h>

#include "support/comma_locale.hpp"

namespace {

using brood::detail::decimal_seconds;
using brood::detail::in_seconds;

TEST(seconds, have_no_zeros_at_their_end) {
  EXPECT_EQ(in_seconds(0), "0 s");
  EXPECT_EQ(in_seconds(5'000'000'000), "5 s");
  EXPECT_EQ(in_seconds(300'000'000), "0.3 s");
  EXPECT_EQ(in_seconds(10'050'000'000), "10.05 s");
}

TEST(seconds, are_exact_at_both_ends) {
  EXPECT_EQ(decimal_seconds(1), "0.000000001");
  EXPECT_EQ(decimal_seconds(-1), "-0.000000001");
  EXPECT_EQ(decimal_seconds(-1'500'000'000), "-1.5");
  EXPECT_EQ(decimal_seconds(INT64_MAX), "9223372036.854775807");
  EXPECT_EQ(decimal_seconds(INT64_MIN), "-9223372036.854775808");
}

TEST(seconds, have_a_point_where_the_locale_has_a_comma) {
  const support::comma_locale comma;
  if (!comma.in_force()) GTEST_SKIP() << "no locale with a decimal comma, and no localedef(1)";
  char by_libc[8];
  std::snprintf(by_libc, sizeof by_libc, "%.1f", 0.5);
  ASSERT_STREQ(by_libc, "0,5");
  EXPECT_EQ(in_seconds(500'000'000), "0.5 s");
}

}  // namespace
