// Counting requests to stop.
// SPDX-License-Identifier: Apache-2.0
#include "signals.hpp"

#include <gtest/gtest.h>

namespace {

TEST(stop_requests, signals_at_almost_the_same_time_are_one) {
  cli::stop_requests requests;
  EXPECT_EQ(requests.count(), 0);
  EXPECT_EQ(requests.first_signal(), 0);
  EXPECT_EQ(requests.add(SIGTERM), 1);
  EXPECT_EQ(requests.add(SIGINT), 0);
  EXPECT_EQ(requests.count(), 1);
  EXPECT_EQ(requests.first_signal(), SIGTERM);
}

}  // namespace
