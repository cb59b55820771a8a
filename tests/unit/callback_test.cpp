// Callbacks: what they hold, copy, move and call.
// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include <gtest/gtest.h>

#include <brood/callback.hpp>

namespace {

using brood::callback;

int twice(int n) { return 2 * n; }

TEST(callback, is_empty_by_default) {
  EXPECT_FALSE(callback<void()>());
  EXPECT_FALSE(callback<void()>(callback<void()>()));
}

TEST(callback, calls_functions_and_lambdas) {
  EXPECT_EQ(callback<int(int)>(twice)(21), 42);
  EXPECT_EQ(callback<int(int)>(&twice)(21), 42);
  int seen = 0;
  const callback<void(int)> note = [&](int n) { seen = n; };
  note(7);
  EXPECT_EQ(seen, 7);
}

TEST(callback, takes_a_result_that_it_does_not_want) {
  int calls = 0;
  const callback<void()> c = [&] { return ++calls; };
  c();
  EXPECT_EQ(calls, 1);
}

TEST(callback, converts_results) {
  const callback<std::string()> c = [] { return "text"; };
  EXPECT_EQ(c(), "text");
}

TEST(callback, copies_its_callable) {
  callback<int()> one = [n = 0]() mutable { return ++n; };
  EXPECT_EQ(one(), 1);
  const callback<int()> two = one;
  EXPECT_EQ(one(), 2);
  EXPECT_EQ(two(), 2);
}

TEST(callback, is_empty_after_a_move) {
  callback<int(int)> one = &twice;
  const callback<int(int)> two = std::move(one);
  EXPECT_FALSE(one);  // NOLINT(bugprone-use-after-move): promised
  EXPECT_EQ(two(2), 4);
}

TEST(callback, may_be_replaced_by_another_and_by_itself) {
  callback<int(int)> c = &twice;
  c = [](int n) { return n + 1; };
  EXPECT_EQ(c(1), 2);
  const callback<int(int)>& same = c;
  c = same;
  EXPECT_EQ(c(1), 2);
}

TEST(callback, destroys_its_callable_once) {
  const auto counted = std::make_shared<int>(1);
  {
    callback<void()> one = [counted] {};
    const callback<void()> two = one;
    EXPECT_EQ(counted.use_count(), 3);
    one = {};
    EXPECT_EQ(counted.use_count(), 2);
  }
  EXPECT_EQ(counted.use_count(), 1);
}

TEST(callback, hands_references_through) {
  std::string text = "a";
  const callback<void(std::string&)> c = [](std::string& s) { s += "b"; };
  c(text);
  EXPECT_EQ(text, "ab");
}

TEST(callback, hands_move_only_arguments_through) {
  const callback<int(std::unique_ptr<int>)> c = [](std::unique_ptr<int> p) { return *p; };
  EXPECT_EQ(c(std::make_unique<int>(5)), 5);
}

TEST(callback, lets_exceptions_out) {
  const callback<void()> c = [] { throw std::runtime_error("out"); };
  EXPECT_THROW(c(), std::runtime_error);
}

}  // namespace
