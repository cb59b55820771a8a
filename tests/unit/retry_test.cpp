// Retry: whole schedules by a clock that is only a number.
// SPDX-License-Identifier: Apache-2.0
#include "base/retry.hpp"

#include <limits>
#include <vector>

#include <gtest/gtest.h>

namespace {

using namespace std::chrono_literals;
using brood::completed_process;
using brood::reason;
using brood::retry_policy;
using brood::retry_schedule;
using brood::should_retry;
using brood::detail::find_mistake;

constexpr std::int64_t second = 1'000'000'000;

// The moments of all attempts, in seconds, when each takes `each`.
std::vector<double> moments(const retry_policy& p, double each, std::uint64_t seed = 1) {
  std::int64_t now = 100 * second;
  retry_schedule s(p, now, seed);
  std::vector<double> all{0};
  for (;;) {
    now += static_cast<std::int64_t>(each * 1e9);
    const auto next = s.next(now);
    if (!next) return all;
    now = *next;
    all.push_back(static_cast<double>(now - 100 * second) / 1e9);
  }
}

completed_process ended(brood::exit_status status, reason why = reason::exited) {
  completed_process r;
  r.status = status;
  r.reason = why;
  r.accepted = why == reason::exited && status.success();
  return r;
}

TEST(retry, by_default_there_is_one_attempt) { EXPECT_EQ(moments({}, 1).size(), 1U); }

TEST(retry, delays_grow_by_the_factor_up_to_the_most) {
  const retry_policy p{.attempts = 6, .delay = 1s, .factor = 2, .max_delay = 5s};
  EXPECT_EQ(moments(p, 0), (std::vector<double>{0, 1, 3, 7, 12, 17}));
  EXPECT_EQ(moments(p, 0.5), (std::vector<double>{0, 1.5, 4, 8.5, 14, 19.5}));
}

TEST(retry, nothing_starts_after_the_total) {
  const retry_policy p{.attempts = 100, .delay = 2s, .total = 7s};
  EXPECT_EQ(moments(p, 1), (std::vector<double>{0, 3, 6}));
}

TEST(retry, jitter_stays_in_its_share_and_differs_by_seed) {
  const retry_policy p{.attempts = 200, .delay = 10s, .jitter = 0.2};
  const auto one = moments(p, 0, 1);
  ASSERT_EQ(one.size(), 200U);
  double least = 100;
  double most = 0;
  for (std::size_t i = 1; i < one.size(); ++i) {
    least = std::min(least, one[i] - one[i - 1]);
    most = std::max(most, one[i] - one[i - 1]);
  }
  EXPECT_GE(least, 8);
  EXPECT_LT(least, 8.5);
  EXPECT_LE(most, 12);
  EXPECT_GT(most, 11.5);
  EXPECT_NE(one, moments(p, 0, 2));
  EXPECT_EQ(one, moments(p, 0, 1));
}

TEST(retry, what_cannot_be_counted_never_comes) {
  const retry_policy p{.attempts = 2000, .delay = 1s, .factor = 10};
  const auto all = moments(p, 0);
  ASSERT_EQ(all.size(), 2000U);
  EXPECT_GT(all.back(), 9e9);
}

TEST(retry, any_bad_end_is_worth_another_unless_some_are_named) {
  const retry_policy any;
  EXPECT_FALSE(should_retry(any, ended(brood::exit_status::exited(0))));
  EXPECT_TRUE(should_retry(any, ended(brood::exit_status::exited(1))));
  EXPECT_TRUE(should_retry(any, ended(brood::exit_status::signaled(15, false), reason::timed_out)));
  EXPECT_FALSE(
      should_retry(any, ended(brood::exit_status::signaled(15, false), reason::cancelled)));

  const retry_policy some{.on_reasons = {reason::timed_out}, .on_codes = {75}, .on_signals = {11}};
  EXPECT_TRUE(should_retry(some, ended(brood::exit_status::exited(75))));
  EXPECT_FALSE(should_retry(some, ended(brood::exit_status::exited(1))));
  EXPECT_TRUE(should_retry(some, ended(brood::exit_status::signaled(11, false), reason::signaled)));
  EXPECT_FALSE(should_retry(some, ended(brood::exit_status::signaled(9, false), reason::signaled)));
  EXPECT_TRUE(should_retry(some, ended(brood::exit_status::signaled(9, false), reason::timed_out)));
}

TEST(retry, a_program_that_is_missing_stays_so_but_a_shortage_passes) {
  using brood::error_kind;
  using brood::error_stage;
  const retry_policy any;
  const auto missing = brood::error(error_kind::not_found, error_stage::exec, "x", {}, {});
  const auto busy = brood::error(error_kind::busy, error_stage::fork, "x", {}, {});
  EXPECT_FALSE(should_retry(any, missing));
  EXPECT_TRUE(should_retry(any, busy));
}

TEST(retry, the_next_attempt_follows_an_end_that_is_worth_it) {
  const retry_policy p{.attempts = 3, .delay = 1s};
  retry_schedule s(p, 0, 0);
  const auto bad = ended(brood::exit_status::exited(1));
  EXPECT_EQ(s.after(bad, 5), 1'000'000'005);
  EXPECT_EQ(s.after(ended(brood::exit_status::exited(0)), 6), std::nullopt);
  EXPECT_EQ(s.attempt(), 2);
  EXPECT_EQ(s.after(bad, 7), 1'000'000'007);
  EXPECT_EQ(s.after(bad, 8), std::nullopt) << "it was the last";
}

TEST(retry, mistakes_in_a_policy_are_named) {
  const auto mistake = [](const retry_policy& p) {
    const auto m = find_mistake(p);
    return m ? std::string(m->subject()) : std::string();
  };
  EXPECT_EQ(mistake({}), "");
  EXPECT_EQ(mistake({.attempts = 0}), "retry.attempts");
  EXPECT_EQ(mistake({.attempts = -3}), "retry.attempts");
  EXPECT_EQ(mistake({.delay = -1s}), "retry.delay");
  EXPECT_EQ(mistake({.factor = 0.5}), "retry.factor");
  EXPECT_EQ(mistake({.factor = std::numeric_limits<double>::quiet_NaN()}), "retry.factor");
  EXPECT_EQ(mistake({.max_delay = -1s}), "retry.max_delay");
  EXPECT_EQ(mistake({.jitter = 1.5}), "retry.jitter");
  EXPECT_EQ(mistake({.total = 0s}), "retry.total");
  EXPECT_EQ(mistake({.on_codes = {256}}), "retry.on_codes");
  EXPECT_EQ(mistake({.on_signals = {0}}), "retry.on_signals");
}

}  // namespace
