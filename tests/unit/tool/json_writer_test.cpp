// What the writer of JSON makes of text, of bytes that are none, and of numbers.
// SPDX-License-Identifier: Apache-2.0
#include "json_writer.hpp"

#include <cstdint>

#include <gtest/gtest.h>

namespace {

using cli::json_decimal;
using cli::json_object;
using cli::json_string;
using namespace std::chrono_literals;

TEST(json_writer, control_characters_are_escaped) {
  EXPECT_EQ(json_string("a\"\\\b\f\n\r\t"), R"("a\"\\\b\f\n\r\t")");
  EXPECT_EQ(json_string({"\0\x1B\x7F", 3}), R"("\u0000\u001b\u007f")");
  EXPECT_EQ(json_string("\u0085\u202E"), R"("\u0085\u202e")");
  EXPECT_EQ(json_string("<b>é&"), "\"<b>é&\"");
}

TEST(json_writer, what_is_not_utf8_has_an_exact_twin) {
  EXPECT_EQ(json_object().bytes("a", "é").done(), R"({"a":"é"})");
  EXPECT_EQ(json_object().bytes("a", "\xFFz").done(),
            "{\"a\":\"\xEF\xBF\xBDz\",\"a_base64\":\"/3o=\"}");
  EXPECT_EQ(json_object().words("w", {"", "b"}).done(), R"({"w":["","b"]})");
  EXPECT_EQ(json_object().words("w", {"a", "\xFF"}).done(),
            "{\"w\":[\"a\",\"\xEF\xBF\xBD\"],\"w_base64\":[\"YQ==\",\"/w==\"]}");
}

TEST(json_writer, fractions_are_exact_and_short) {
  EXPECT_EQ(json_decimal(0, 9), "0");
  EXPECT_EQ(json_decimal(1, 9), "0.000000001");
  EXPECT_EQ(json_decimal(1'500'000'000, 9), "1.5");
  EXPECT_EQ(json_decimal(-1'020, 3), "-1.02");
  EXPECT_EQ(json_decimal(INT64_MIN, 9), "-9223372036.854775808");
  EXPECT_EQ(json_decimal(120, 0), "120");
}

TEST(json_writer, absent_values_are_null) {
  EXPECT_EQ(json_object().number("n", std::optional<int>()).null("m").flag("f", true).done(),
            R"({"n":null,"m":null,"f":true})");
  EXPECT_EQ(json_object().done(), "{}");
}

TEST(json_writer, nothing_in_it_ends_a_script) {
  EXPECT_EQ(cli::json_in_html(json_string("</script><!--&")),
            R"("\u003c/script\u003e\u003c!--\u0026")");
}

}  // namespace
