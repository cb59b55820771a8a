// Deadlines: sums that saturate, and never as the one that comes last.
// SPDX-License-Identifier: Apache-2.0
#include "base/deadline.hpp"

#include <chrono>
#include <cstdint>

#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;
using brood::duration;
using brood::detail::deadline;
using brood::detail::earlier;

TEST(deadline, is_never_by_default) {
  EXPECT_TRUE(deadline().is_never());
  EXPECT_EQ(deadline(), deadline::never());
  EXPECT_EQ(deadline::never().ns(), INT64_MAX);
  EXPECT_FALSE(deadline::never().passed(INT64_MAX));
  EXPECT_TRUE(deadline::at(INT64_MAX).is_never());
}

TEST(deadline, passes_at_its_moment) {
  const deadline d = deadline::at(100);
  EXPECT_FALSE(d.passed(99));
  EXPECT_TRUE(d.passed(100));
  EXPECT_TRUE(d.passed(INT64_MAX));
}

TEST(deadline, adds_a_span_to_a_moment) {
  EXPECT_EQ(deadline::after(7, 3).ns(), 10);
  EXPECT_EQ(deadline::after(7, duration(3ns)).ns(), 10);
  EXPECT_EQ(deadline::after(7, -9).ns(), -2);
  EXPECT_TRUE(deadline::after(7, duration(0s)).passed(7));
}

TEST(deadline, is_never_where_the_span_is_absent_or_has_no_end) {
  EXPECT_TRUE(deadline::after(7, duration()).is_never());
  EXPECT_TRUE(deadline::after(7, duration::infinite()).is_never());
  EXPECT_TRUE(deadline::after(-7, INT64_MAX).is_never());
}

TEST(deadline, saturates_at_both_ends) {
  EXPECT_TRUE(deadline::after(2, INT64_MAX - 1).is_never());
  EXPECT_EQ(deadline::after(1, INT64_MAX - 2).ns(), INT64_MAX - 1);
  EXPECT_EQ(deadline::after(0, INT64_MIN).ns(), INT64_MIN);
  EXPECT_EQ(deadline::after(-2, INT64_MIN).ns(), INT64_MIN);
  EXPECT_TRUE(deadline::after(5, duration(-1e30s)).passed(5));
}

TEST(deadline, says_what_is_left) {
  EXPECT_EQ(deadline::at(10).left(4), 6);
  EXPECT_EQ(deadline::at(10).left(10), 0);
  EXPECT_EQ(deadline::at(10).left(11), 0);
  EXPECT_EQ(deadline::never().left(5), INT64_MAX);
  EXPECT_EQ(deadline::at(INT64_MAX - 1).left(-5), INT64_MAX);
}

TEST(deadline, comes_in_order) {
  EXPECT_LT(deadline::at(1), deadline::at(2));
  EXPECT_LT(deadline::at(INT64_MAX - 1), deadline::never());
  EXPECT_EQ(earlier(deadline::at(1), deadline::at(2)), deadline::at(1));
  EXPECT_EQ(earlier(deadline::never(), deadline::at(2)), deadline::at(2));
}

}  // namespace
