// A value or an error: what it holds, copies, moves and throws.
// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <brood/error.hpp>
#include <brood/expected.hpp>

#include "base/make_error.hpp"

namespace {

using brood::error;
using brood::expected;
using brood::unexpected;
using brood::detail::bad_request;

using text = expected<std::string, error>;
using nothing = expected<void, error>;

unexpected<error> bad() { return unexpected(bad_request("x", "y")); }

TEST(expected, holds_a_value) {
  text t = std::string("a value that is too long for the small string buffer");
  ASSERT_TRUE(t);
  EXPECT_TRUE(t.has_value());
  EXPECT_EQ(t->size(), 52u);
  EXPECT_EQ(&*t, &t.value());
}

TEST(expected, holds_an_error) {
  const text t = bad();
  EXPECT_FALSE(t);
  EXPECT_STREQ(t.error().what(), "x: y");
}

TEST(expected, throws_its_error_by_its_class_when_read) {
  text t = bad();
  EXPECT_THROW(t.value(), brood::usage_error);
  EXPECT_THROW(std::move(t).value(), brood::usage_error);
  EXPECT_THROW(nothing(bad()).value(), brood::usage_error);
}

TEST(expected, copies_both_sides) {
  const text good = std::string("v");
  const text wrong = bad();
  text a = good;
  text b = wrong;
  EXPECT_EQ(*a, "v");
  EXPECT_STREQ(b.error().what(), "x: y");
  a = wrong;
  b = good;
  EXPECT_FALSE(a);
  EXPECT_EQ(*b, "v");
}

TEST(expected, may_be_assigned_to_itself) {
  text t = std::string("a value that is too long for the small string buffer");
  const text& same = t;
  t = same;
  EXPECT_EQ(t->size(), 52u);
}

TEST(expected, moves_what_cannot_be_copied) {
  expected<std::unique_ptr<int>, error> p = std::make_unique<int>(3);
  expected<std::unique_ptr<int>, error> q = std::move(p);
  EXPECT_EQ(**q, 3);
  const std::unique_ptr<int> out = std::move(q).value();
  EXPECT_EQ(*out, 3);
}

TEST(expected, destroys_its_value_once) {
  const auto counted = std::make_shared<int>(1);
  {
    expected<std::shared_ptr<int>, error> e = counted;
    expected<std::shared_ptr<int>, error> f = e;
    EXPECT_EQ(counted.use_count(), 3);
    f = bad();
    EXPECT_EQ(counted.use_count(), 2);
  }
  EXPECT_EQ(counted.use_count(), 1);
}

TEST(expected, without_a_value_is_success_or_an_error) {
  nothing ok;
  EXPECT_TRUE(ok);
  EXPECT_NO_THROW(ok.value());
  ok = bad();
  EXPECT_FALSE(ok.has_value());
  EXPECT_STREQ(ok.error().what(), "x: y");
  ok = nothing();
  EXPECT_TRUE(ok);
}

TEST(expected, fits_into_containers) {
  std::vector<text> all;
  for (int i = 0; i < 10; ++i) all.push_back(i % 2 ? text(bad()) : text(std::to_string(i)));
  EXPECT_EQ(*all[8], "8");
  EXPECT_FALSE(all[9]);
}

}  // namespace
