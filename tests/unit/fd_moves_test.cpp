// The order of descriptor moves, carried out on a map instead of in a child.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstddef>
#include <map>
#include <optional>
#include <random>
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "spawn/make_plan.hpp"

namespace {

using brood::detail::fd_move;
using brood::detail::op;
using brood::detail::step;

// Descriptor -> the file that it refers to, named by the number that it had at the start.
using table = std::map<int, int>;

table fresh(int count) {
  table t;
  for (int i = 0; i < count; ++i) t[i] = i;
  return t;
}

// What a child does with the steps. Fails the test where it would meet a closed descriptor.
void carry_out(const std::vector<step>& steps, table& open, std::set<int>& kept) {
  std::optional<int> parked;
  for (const step& s : steps) {
    EXPECT_EQ(s.stage, brood::error_stage::descriptors);
    switch (s.what) {
      case op::keep_fd:
        ASSERT_TRUE(open.contains(s.a));
        kept.insert(s.a);
        break;
      case op::move_fd:
        ASSERT_TRUE(open.contains(s.a));
        ASSERT_NE(s.a, s.b) << "dup2 would leave close-on-exec set";
        open[s.b] = open[s.a];
        kept.insert(s.b);
        break;
      case op::park_fd:
        ASSERT_FALSE(parked) << "there is one place to park";
        ASSERT_TRUE(open.contains(s.a));
        parked = open[s.a];
        break;
      case op::unpark_fd:
        ASSERT_TRUE(parked);
        open[s.b] = *parked;
        kept.insert(s.b);
        parked.reset();
        break;
      default:
        FAIL() << "not a step about descriptors";
    }
  }
  EXPECT_FALSE(parked);
}

// Runs the steps for `moves`, with all of 0 to `count` - 1 open, and compares with all at once.
void check(const std::vector<fd_move>& moves, int count = 12) {
  table wanted;
  for (const fd_move& m : moves) wanted[m.to] = m.from;  // the last one to a number counts
  const std::vector<step> steps = brood::detail::order_moves(moves);
  table open = fresh(count);
  std::set<int> kept;
  carry_out(steps, open, kept);
  std::set<int> targets;
  for (const auto& [to, from] : wanted) {
    targets.insert(to);
    EXPECT_EQ(open[to], from) << "descriptor " << to;
  }
  EXPECT_EQ(kept, targets);
  for (const step& s : steps) {
    if (s.what != op::park_fd) continue;
    for (const fd_move& m : moves) EXPECT_LE(std::max({2, m.from, m.to}), s.b);
  }
}

std::size_t parks(const std::vector<fd_move>& moves) {
  const auto steps = brood::detail::order_moves(moves);
  return static_cast<std::size_t>(std::count_if(
      steps.begin(), steps.end(), [](const step& s) { return s.what == op::park_fd; }));
}

TEST(order_moves, of_nothing_is_nothing) { EXPECT_TRUE(brood::detail::order_moves({}).empty()); }

TEST(order_moves, keeps_what_stays_where_it_is) {
  const auto steps = brood::detail::order_moves({{5, 5}});
  ASSERT_EQ(steps.size(), 1U);
  EXPECT_EQ(steps[0].what, op::keep_fd);
  EXPECT_EQ(steps[0].a, 5);
}

TEST(order_moves, needs_one_step_for_each_plain_move) {
  check({{7, 0}, {8, 1}, {9, 2}});
  EXPECT_EQ(brood::detail::order_moves({{7, 0}, {8, 1}, {9, 2}}).size(), 3U);
}

TEST(order_moves, does_chains_from_their_far_end) {
  check({{3, 4}, {4, 5}, {5, 6}});
  check({{5, 6}, {4, 5}, {3, 4}});
  check({{2, 1}, {1, 0}, {3, 2}});
  EXPECT_EQ(parks({{3, 4}, {4, 5}, {5, 6}}), 0U);
}

TEST(order_moves, swaps) {
  check({{1, 2}, {2, 1}});
  check({{0, 1}, {1, 0}, {7, 2}});
  EXPECT_EQ(parks({{1, 2}, {2, 1}}), 1U);
}

TEST(order_moves, turns_cycles_round) {
  check({{0, 1}, {1, 2}, {2, 0}});
  check({{2, 1}, {1, 0}, {0, 2}});
  check({{0, 1}, {1, 2}, {2, 3}, {3, 4}, {4, 0}});
  EXPECT_EQ(parks({{0, 1}, {1, 2}, {2, 0}}), 1U);
}

TEST(order_moves, turns_two_cycles_one_after_the_other) {
  check({{0, 1}, {1, 0}, {3, 4}, {4, 3}});
  check({{0, 3}, {1, 4}, {3, 0}, {4, 1}});
  EXPECT_EQ(parks({{0, 1}, {1, 0}, {3, 4}, {4, 3}}), 2U);
}

TEST(order_moves, uses_one_source_more_than_once) {
  check({{7, 1}, {7, 2}});
  check({{1, 2}, {1, 1}});
  check({{1, 2}, {2, 1}, {1, 5}});
  check({{0, 1}, {1, 0}, {0, 2}, {1, 3}});
  check({{3, 3}, {3, 4}, {4, 5}});
}

TEST(order_moves, lets_the_last_move_to_a_number_count) {
  check({{7, 1}, {8, 1}});
  check({{1, 1}, {8, 1}});
  check({{8, 1}, {1, 1}});
  check({{0, 1}, {1, 0}, {5, 0}});
  EXPECT_EQ(brood::detail::order_moves({{7, 1}, {8, 1}}).size(), 1U);
}

TEST(order_moves, does_every_set_of_three_moves_among_four_numbers) {
  constexpr int n = 4;
  constexpr int pairs = n * n;
  for (int i = 0; i < pairs * pairs * pairs; ++i) {
    const int a = i % pairs;
    const int b = i / pairs % pairs;
    const int c = i / pairs / pairs;
    check({{a / n, a % n}, {b / n, b % n}, {c / n, c % n}}, n);
    ASSERT_FALSE(HasFailure()) << "set " << i;
  }
}

TEST(order_moves, does_random_sets) {
  std::mt19937 random(1);
  for (int i = 0; i < 20000; ++i) {
    const int numbers = 2 + static_cast<int>(random() % 10);
    std::vector<fd_move> moves;
    for (auto left = random() % 13; left > 0; --left) {
      const int from = static_cast<int>(random()) & 0xffff;
      const int to = static_cast<int>(random()) & 0xffff;
      moves.push_back({from % numbers, to % numbers});
    }
    check(moves, numbers);
    ASSERT_FALSE(HasFailure()) << "set " << i;
  }
}

TEST(order_moves, does_random_permutations) {
  std::mt19937 random(2);
  for (int i = 0; i < 2000; ++i) {
    std::vector<int> to(1 + random() % 12);
    for (std::size_t k = 0; k < to.size(); ++k) to[k] = static_cast<int>(k);
    std::shuffle(to.begin(), to.end(), random);
    std::vector<fd_move> moves;
    for (std::size_t k = 0; k < to.size(); ++k) moves.push_back({static_cast<int>(k), to[k]});
    std::shuffle(moves.begin(), moves.end(), random);
    check(moves);
    ASSERT_FALSE(HasFailure()) << "permutation " << i;
  }
}

}  // namespace
