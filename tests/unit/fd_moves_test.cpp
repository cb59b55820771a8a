// The order of a child's descriptor moves, judged by carrying the steps out on a table.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstddef>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "spawn/plan.hpp"

namespace {

using brood::detail::fd_move;
using brood::detail::op;
using brood::detail::order_moves;
using brood::detail::step;

struct entry {
  int what;  // what is open there: the number it had at first
  bool closes;
  bool operator==(const entry&) const = default;
};
using table = std::map<int, entry>;

// What the kernel does with one step. False: it would be an error.
bool carry_out(const step& s, table& fds, int& parked) {
  const auto from = [&](int number) { return fds.find(number); };
  switch (s.what) {
    case op::keep_fd:
      if (from(s.a) == fds.end()) return false;
      fds[s.a].closes = false;
      return true;
    case op::move_fd:
      if (from(s.a) == fds.end() || s.a == s.b) return false;  // dup3 refuses equal numbers
      fds[s.b] = {fds[s.a].what, false};
      return true;
    case op::park_fd:
      if (from(s.a) == fds.end()) return false;
      for (parked = s.b; fds.contains(parked);) ++parked;
      fds[parked] = {fds[s.a].what, true};
      return true;
    case op::unpark_fd:
      if (parked < 0 || from(parked) == fds.end() || parked == s.b) return false;
      fds[s.b] = {fds[parked].what, false};
      return true;
    default:
      return false;
  }
}

std::string text_of(const std::vector<fd_move>& moves) {
  std::string text;
  for (const fd_move& m : moves) {
    text += std::to_string(m.from) + "->" + std::to_string(m.to) + " ";
  }
  return text;
}

// Starts with every source open, and `open` too. All but 0, 1 and 2 would close at exec.
::testing::AssertionResult is_right(const std::vector<fd_move>& moves,
                                    const std::vector<int>& open = {}) {
  table before;
  for (const int number : open) before[number] = {number, number > 2};
  for (const fd_move& m : moves) before[m.from] = {m.from, m.from > 2};
  table wanted = before;
  for (const fd_move& m : moves) wanted[m.to] = {before[m.from].what, false};
  table after = before;
  int parked = -1;
  for (const step& s : order_moves(moves)) {
    if (!carry_out(s, after, parked)) {
      return ::testing::AssertionFailure() << text_of(moves) << "has a step that fails";
    }
  }
  // What was parked closes at exec, and disturbs nobody.
  std::erase_if(after, [&](const auto& e) { return !wanted.contains(e.first) && e.second.closes; });
  if (after != wanted) {
    return ::testing::AssertionFailure() << text_of(moves) << "ends in another table";
  }
  return ::testing::AssertionSuccess();
}

std::size_t count(const std::vector<step>& steps, op what) {
  return static_cast<std::size_t>(
      std::count_if(steps.begin(), steps.end(), [=](const step& s) { return s.what == what; }));
}

TEST(order_moves, of_nothing_is_nothing) { EXPECT_TRUE(order_moves({}).empty()); }

TEST(order_moves, keeps_what_moves_to_itself) {
  const auto steps = order_moves({{1, 1}, {7, 7}});
  EXPECT_EQ(count(steps, op::keep_fd), 2U);
  EXPECT_EQ(steps.size(), 2U);
  EXPECT_TRUE(is_right({{1, 1}, {7, 7}}));
}

TEST(order_moves, goes_from_the_end_of_a_chain) {
  EXPECT_TRUE(is_right({{3, 4}, {4, 5}, {5, 6}}));
  EXPECT_TRUE(is_right({{5, 6}, {3, 4}, {4, 5}}));
  EXPECT_EQ(count(order_moves({{3, 4}, {4, 5}, {5, 6}}), op::park_fd), 0U);
}

TEST(order_moves, gives_one_source_to_many) {
  EXPECT_TRUE(is_right({{5, 0}, {5, 1}, {5, 2}}));
  EXPECT_TRUE(is_right({{0, 1}, {0, 2}, {1, 0}}));
}

TEST(order_moves, swaps_with_one_parked) {
  for (const auto& moves : {std::vector<fd_move>{{1, 2}, {2, 1}}, {{0, 1}, {1, 2}, {2, 0}}}) {
    EXPECT_TRUE(is_right(moves));
    EXPECT_EQ(count(order_moves(moves), op::park_fd), 1U);
    EXPECT_EQ(count(order_moves(moves), op::unpark_fd), 1U);
  }
}

TEST(order_moves, breaks_each_of_several_cycles) {
  EXPECT_TRUE(is_right({{0, 1}, {1, 0}, {5, 6}, {6, 7}, {7, 5}, {9, 8}, {8, 9}}));
}

TEST(order_moves, counts_the_last_of_two_to_one_number) {
  EXPECT_TRUE(is_right({{3, 1}, {4, 1}}));
  EXPECT_TRUE(is_right({{1, 2}, {2, 1}, {3, 1}}));
  EXPECT_TRUE(is_right({{3, 3}, {4, 3}}));
  EXPECT_TRUE(is_right({{4, 3}, {3, 3}}));
}

TEST(order_moves, parks_above_everything_it_touches) {
  EXPECT_TRUE(is_right({{3, 200}, {200, 3}}, {0, 1, 2, 4, 5, 201, 202}));
  for (const step& s : order_moves({{3, 200}, {200, 3}})) {
    if (s.what == op::park_fd) {
      EXPECT_GT(s.b, 200);
    }
  }
}

// Every list of up to four moves among five numbers.
TEST(order_moves, is_right_for_all_small_lists) {
  constexpr int numbers = 5;
  constexpr int pairs = numbers * numbers;
  for (int size = 1; size <= 4; ++size) {
    int lists = 1;
    for (int i = 0; i < size; ++i) lists *= pairs;
    for (int code = 0; code < lists; ++code) {
      std::vector<fd_move> moves;
      for (int rest = code, i = 0; i < size; ++i, rest /= pairs) {
        moves.push_back({rest % pairs / numbers, rest % pairs % numbers});
      }
      ASSERT_TRUE(is_right(moves));
    }
  }
}

TEST(order_moves, is_right_for_large_random_lists) {
  std::mt19937 random(1);  // the same each time
  for (int round = 0; round < 3000; ++round) {
    const int numbers = 2 + static_cast<int>(random() % 20);
    const auto any = [&] { return static_cast<int>(random() % static_cast<unsigned>(numbers)); };
    std::vector<fd_move> moves(random() % 24);
    for (fd_move& m : moves) m = {any(), any()};
    std::vector<int> open;
    for (int number = 0; number < numbers + 3; ++number) {
      if (random() % 2 == 0) open.push_back(number);
    }
    ASSERT_TRUE(is_right(moves, open));
  }
}

TEST(order_moves, is_right_for_every_permutation) {
  std::vector<int> to{0, 1, 2, 3, 4, 5, 6};
  do {
    std::vector<fd_move> moves;
    for (std::size_t i = 0; i < to.size(); ++i) moves.push_back({static_cast<int>(i), to[i]});
    ASSERT_TRUE(is_right(moves));
  } while (std::next_permutation(to.begin(), to.end()));
}

}  // namespace
