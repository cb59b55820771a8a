// Decimal numbers from text.
// SPDX-License-Identifier: Apache-2.0
#include "base/decimal.hpp"

#include <limits>

#include <gtest/gtest.h>

using brood::detail::take_decimal;
using brood::detail::take_number;

namespace {

TEST(decimal, is_read_as_the_compiler_reads_it_and_the_rest_is_left) {
  std::string_view text = "1.5s";
  EXPECT_EQ(take_decimal(text), 1.5L);
  EXPECT_EQ(text, "s");
  for (const auto& [digits, number] : std::initializer_list<std::pair<const char*, long double>>{
           {"0", 0},
           {"00012", 12},
           {".5", 0.5L},
           {"1.", 1},
           {"9.007199254740991", 9.007199254740991L},
           {"0.000000001", 0.000000001L},
           {"1844674407370955161", 1844674407370955161.0L}}) {
    text = digits;
    EXPECT_EQ(take_decimal(text), number) << digits;
    EXPECT_EQ(text, "") << digits;
  }
}

TEST(decimal, has_neither_sign_nor_exponent_and_at_least_one_digit) {
  for (std::string_view text : {"", ".", "-1", "+1", "e3", "inf", "nan", " 1"}) {
    const std::string_view before = text;
    EXPECT_FALSE(take_decimal(text)) << before;
    EXPECT_EQ(text, before);
  }
  std::string_view text = "1e3";
  EXPECT_EQ(take_decimal(text), 1);
  EXPECT_EQ(text, "e3");
}

TEST(decimal, keeps_its_size_where_it_has_more_digits_than_fit) {
  std::string_view text = "123456789012345678901234567890";
  EXPECT_NEAR(static_cast<double>(take_decimal(text).value() / 123456789012345678901234567890.0L),
              1, 1e-15);
  const std::string third = "0." + std::string(5000, '3');
  text = third;
  EXPECT_NEAR(static_cast<double>(take_decimal(text).value()), 1.0 / 3, 1e-15);
  const std::string huge(30000, '9');
  text = huge;
  EXPECT_FALSE(take_decimal(text));
}

TEST(decimal, a_number_has_a_sign_and_an_exponent) {
  for (const auto& [digits, number, rest] :
       std::initializer_list<std::tuple<const char*, double, const char*>>{
           {"-1", -1, ""},
           {"2e3", 2000, ""},
           {"25E-1", 2.5, ""},
           {"1e+2]", 100, "]"},
           {"1e", 1, "e"},
           {"1e-", 1, "e-"},
           {"1e-99999", 0, ""},
           {"0e99999999999", 0, ""},
           {"1.7976931348623157e308", std::numeric_limits<double>::max(), ""}}) {
    std::string_view text = digits;
    EXPECT_EQ(take_number(text), number) << digits;
    EXPECT_EQ(text, rest) << digits;
  }
  for (std::string_view text : {"1e309", "-1e309", "1e99999", "- 1", "--1", "+1"}) {
    EXPECT_FALSE(take_number(text)) << text;
  }
}

}  // namespace
