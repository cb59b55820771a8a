// Durations, sizes and stop ladders as people write them.
// SPDX-License-Identifier: Apache-2.0
#include <csignal>
#include <cstdint>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include <brood/option_table.hpp>

#include "support/comma_locale.hpp"

namespace {

using brood::parse_duration;
using brood::parse_size;
using brood::parse_stop;

std::int64_t ns(std::string_view text) {
  const auto d = parse_duration(text);
  return d ? d->nanoseconds() : -1;
}

constexpr std::int64_t ms = 1'000'000;
constexpr std::int64_t s = 1000 * ms;

TEST(parse_duration, takes_a_bare_number_for_seconds) {
  EXPECT_EQ(ns("10"), 10 * s);
  EXPECT_EQ(ns("0"), 0);
  EXPECT_EQ(ns("1.5"), 1500 * ms);
  EXPECT_EQ(ns(".25"), 250 * ms);
  EXPECT_EQ(ns("0.1"), 100 * ms);
}

TEST(parse_duration, takes_units) {
  EXPECT_EQ(ns("250ms"), 250 * ms);
  EXPECT_EQ(ns("10s"), 10 * s);
  EXPECT_EQ(ns("2m"), 120 * s);
  EXPECT_EQ(ns("1h"), 3600 * s);
  EXPECT_EQ(ns("1d"), 86400 * s);
  EXPECT_EQ(ns("1.5h"), 5400 * s);
  EXPECT_EQ(ns("0.5ms"), 500'000);
}

TEST(parse_duration, adds_up_combinations) {
  EXPECT_EQ(ns("1m30s"), 90 * s);
  EXPECT_EQ(ns("1h0.5m"), 3630 * s);
  EXPECT_EQ(ns("1s500ms"), 1500 * ms);
}

TEST(parse_duration, takes_units_that_are_spelled_out_in_any_case) {
  EXPECT_EQ(ns("5sec"), 5 * s);
  EXPECT_EQ(ns("5 seconds"), 5 * s);
  EXPECT_EQ(ns("1 Second"), s);
  EXPECT_EQ(ns("5S"), 5 * s);
  EXPECT_EQ(ns("90min"), 5400 * s);
  EXPECT_EQ(ns("1 minute"), 60 * s);
  EXPECT_EQ(ns("2hrs"), 7200 * s);
  EXPECT_EQ(ns("2H"), 7200 * s);
  EXPECT_EQ(ns("1 day 12 hours"), 129600 * s);
  EXPECT_EQ(ns("1w"), 604800 * s);
  EXPECT_EQ(ns("250 msec"), 250 * ms);
  EXPECT_EQ(ns("250MS"), 250 * ms);
  EXPECT_EQ(ns("5us"), 5000);
  EXPECT_EQ(ns("5\u00b5s"), 5000);
  EXPECT_EQ(ns("1h 30m"), 5400 * s);
}

TEST(parse_duration, counts_a_number_behind_a_unit_in_the_next_smaller_one) {
  EXPECT_EQ(ns("1h30"), 5400 * s);
  EXPECT_EQ(ns("1m30"), 90 * s);
  EXPECT_EQ(ns("1d12"), 129600 * s);
  EXPECT_EQ(ns("1h30m15"), 5415 * s);
  EXPECT_EQ(ns("1h 30"), 5400 * s);
}

TEST(parse_duration, never_rounds_something_to_nothing) { EXPECT_EQ(ns("0.0000000000001"), 1); }

TEST(parse_duration, refuses_what_is_no_duration_and_quotes_it) {
  for (const char* text :
       {"",      " ",     "s",     ".",    ".s",          "-1",
        "-1s",   "+1",    "nan",   "inf",  "infinity",    "1e3",
        "0x10",  "1,5",   "1.2.3", " 1",   "1 ",          "1x",
        "1s-1s", "1s500", "1ms5",  "1 30", "1h ",         "1M",
        "1y",    "h30",   "1h30x", "1ss",  "9999999999d", "99999999999999999999999"}) {
    const auto d = parse_duration(text);
    ASSERT_FALSE(d) << text;
    EXPECT_EQ(d.error().kind(), brood::error_kind::bad_request) << text;
    EXPECT_NE(std::string(d.error().what()).find("'" + std::string(text) + "'"), std::string::npos)
        << d.error().what();
  }
  EXPECT_FALSE(parse_duration(std::string_view("1\0", 2)));
}

TEST(parse_duration, takes_all_that_fits_into_292_years) {
  EXPECT_GT(ns("100000d"), 0);
  EXPECT_FALSE(parse_duration("200000d"));
}

// A program that calls setlocale() must not change what "1.5" means.
TEST(parse_duration, does_not_ask_the_locale_for_the_decimal_point) {
  const support::comma_locale comma;
  EXPECT_EQ(ns("1.5s"), 1500 * ms);
  if (!comma.in_force()) GTEST_SKIP() << "no locale with a decimal comma, and no localedef(1)";
}

TEST(parse_size, takes_bytes_and_powers_of_1024) {
  EXPECT_EQ(*parse_size("0"), 0u);
  EXPECT_EQ(*parse_size("4096"), 4096u);
  EXPECT_EQ(*parse_size("64K"), 65536u);
  EXPECT_EQ(*parse_size("256M"), 268435456u);
  EXPECT_EQ(*parse_size("2G"), 2147483648u);
  EXPECT_EQ(*parse_size("1T"), 1099511627776u);
  EXPECT_EQ(*parse_size("64KiB"), 65536u);
  EXPECT_EQ(*parse_size("64KB"), 65536u);
}

TEST(parse_size, takes_small_letters_fractions_and_blanks) {
  EXPECT_EQ(*parse_size("512m"), 512u << 20);
  EXPECT_EQ(*parse_size("512mb"), 512u << 20);
  EXPECT_EQ(*parse_size("512mib"), 512u << 20);
  EXPECT_EQ(*parse_size("512Mi"), 512u << 20);
  EXPECT_EQ(*parse_size("512 MB"), 512u << 20);
  EXPECT_EQ(*parse_size("0.5G"), 512u << 20);
  EXPECT_EQ(*parse_size(".5g"), 512u << 20);
  EXPECT_EQ(*parse_size("1.5K"), 1536u);
  EXPECT_EQ(*parse_size("1.3K"), 1331u);  // 1331.2
  EXPECT_EQ(*parse_size("100b"), 100u);
  EXPECT_EQ(*parse_size("2.0"), 2u);
  EXPECT_EQ(*parse_size("0.0"), 0u);
  EXPECT_EQ(*parse_size("1P"), 1ull << 50);
  EXPECT_EQ(*parse_size("15E"), 15ull << 60);
}

TEST(parse_size, takes_all_that_fits_and_never_wraps) {
  EXPECT_EQ(*parse_size("18446744073709551615"), UINT64_MAX);
  EXPECT_EQ(*parse_size("16777215T"), 16777215ull << 40);
  for (const char* text :
       {"18446744073709551616", "99999999999999999999", "16777216T", "18014398509481984K", "16E",
        "16.0E", "16777216.5T", "99999999999999999999.5"}) {
    EXPECT_FALSE(parse_size(text)) << text;
  }
}

TEST(parse_size, refuses_what_is_no_size_and_quotes_it) {
  for (const char* text :
       {"",    "K",    "-1",  "+1",   " 1",      "1 ",     "0x10", "1e3", "1X",  "1KK",  "1iB",
        "1K1", "lots", "1.5", "0.5b", "0.0001K", "1.2.3G", ".",    ".K",  "1K ", "5mi b"}) {
    const auto n = parse_size(text);
    ASSERT_FALSE(n) << text;
    EXPECT_EQ(n.error().kind(), brood::error_kind::bad_request) << text;
    EXPECT_NE(std::string(n.error().what()).find("'" + std::string(text) + "'"), std::string::npos)
        << n.error().what();
  }
}

TEST(parse_stop, takes_signals_with_and_without_a_wait) {
  const auto steps = parse_stop("TERM,5s,INT,2s,KILL");
  ASSERT_TRUE(steps);
  ASSERT_EQ(steps->size(), 3u);
  EXPECT_EQ((*steps)[0].signal, SIGTERM);
  EXPECT_EQ((*steps)[0].grace.nanoseconds(), 5 * s);
  EXPECT_EQ((*steps)[1].signal, SIGINT);
  EXPECT_EQ((*steps)[1].grace.nanoseconds(), 2 * s);
  EXPECT_EQ((*steps)[2].signal, SIGKILL);
  EXPECT_FALSE((*steps)[2].grace.given());
}

TEST(parse_stop, leaves_a_wait_that_is_not_said_absent) {
  const auto steps = parse_stop("hup,SIGTERM,0s,9");
  ASSERT_TRUE(steps);
  ASSERT_EQ(steps->size(), 3u);
  EXPECT_FALSE((*steps)[0].grace.given());
  EXPECT_TRUE((*steps)[1].grace.given());
  EXPECT_EQ((*steps)[1].grace.nanoseconds(), 0);
  EXPECT_EQ((*steps)[2].signal, SIGKILL);
}

TEST(parse_stop, refuses_what_is_no_ladder) {
  for (const char* text : {"", ",", "TERM,", ",TERM", "TERM,,KILL", "5s", "5s,TERM", "NOPE",
                           "TERM,5s,5s", "TERM,5x", "TERM,-5s", "TERM, 5s", "0", "99"}) {
    const auto steps = parse_stop(text);
    ASSERT_FALSE(steps) << text;
    EXPECT_EQ(steps.error().kind(), brood::error_kind::bad_request) << text;
  }
}

}  // namespace
