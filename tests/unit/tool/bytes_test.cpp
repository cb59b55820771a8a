// Text and what only looks like it.
// SPDX-License-Identifier: Apache-2.0
#include "bytes.hpp"

#include <gtest/gtest.h>

namespace {

TEST(bytes, utf8_is_what_unicode_says) {
  for (const char* good : {"", "a", "é", "€", "🐣", "\xF4\x8F\xBF\xBF"})
    EXPECT_TRUE(cli::is_utf8(good));
  for (const char* bad :
       {"\x80", "\xC0\xAF", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xC3"}) {
    EXPECT_FALSE(cli::is_utf8(bad));
  }
}

TEST(bytes, what_is_no_text_is_replaced_byte_by_byte) {
  EXPECT_EQ(cli::to_utf8("a\xFFé\x80"), "a\xEF\xBF\xBDé\xEF\xBF\xBD");
  EXPECT_EQ(cli::to_utf8("\xED\xA0\x80"), "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
}

TEST(bytes, what_a_terminal_acts_on_is_escaped) {
  EXPECT_EQ(cli::printable("a\nb\tc\x1b[2J\r\x7f"), "a\\nb\\tc\\x1b[2J\\x0d\\x7f");
  EXPECT_EQ(cli::printable("\xC2\x9B"
                           "31m"),
            "\\u009b31m");  // CSI of C1
  EXPECT_EQ(cli::printable("\x9B"
                           "31m"),
            "\\x9b31m");  // the same as a byte
  EXPECT_EQ(cli::printable("a\u202Eb\u2066c\u2028"), "a\\u202eb\\u2066c\\u2028");
  EXPECT_EQ(cli::printable("é 漢字 👩‍👧 \\ '"), "é 漢字 👩‍👧 \\ '");
  EXPECT_EQ(cli::printable_in_quotes("'\\\n"), "\\'\\\\\\n");
  EXPECT_TRUE(cli::is_printable("é 漢字 \U0001F423"));
  for (const char* bad : {"\n", "\xC2\x85", "\u200B", "\xFF"}) EXPECT_FALSE(cli::is_printable(bad));
}

TEST(bytes, base64_pads) {
  EXPECT_EQ(cli::base64(""), "");
  EXPECT_EQ(cli::base64("a"), "YQ==");
  EXPECT_EQ(cli::base64("ab"), "YWI=");
  EXPECT_EQ(cli::base64("abc"), "YWJj");
}

}  // namespace
