// Escaping for each kind of file, and numbers as people read them.
// SPDX-License-Identifier: Apache-2.0
#include "report/words.hpp"

#include <gtest/gtest.h>

#include "report/causes.hpp"

namespace {

using namespace std::chrono_literals;

TEST(report_words, a_command_is_one_line_that_a_shell_reads) {
  EXPECT_EQ(cli::command_line({"wc", "a b", ""}), "wc 'a b' ''");
  EXPECT_EQ(cli::command_line({"x", "a\nb\t'\\"}), "x $'a\\nb\\t\\'\\\\'");
  EXPECT_EQ(cli::command_line({"\xFF"
                               "é\x1B"}),
            "$'\\xff\\xc3\\xa9\\x1b'");
  EXPECT_EQ(cli::command_line({"x", "a\u202Eb"}), "x $'a\\u202eb'");
  EXPECT_EQ(cli::printable("a\x1B[1m\n"), "a\\x1b[1m\\n");
}

TEST(report_words, xml_has_no_control_characters) {
  EXPECT_EQ(cli::xml_escaped("<a b=\"&\">\n\t\x01\xFF"),
            "&lt;a b=&quot;&amp;&quot;&gt;&#10;&#9;\xEF\xBF\xBD\xEF\xBF\xBD");
  EXPECT_EQ(cli::xml_escaped("a\r\x7F"), "a&#13;\x7F");
}

TEST(report_words, xml_has_no_characters_that_are_none) {
  EXPECT_EQ(cli::xml_escaped("\uFFFE\uFFFFx\uFFFD\uFDD0\U0001FFFF\U0010FFFF"),
            "\uFFFD\uFFFDx\uFFFD\uFDD0\U0001FFFF\U0010FFFF");
  EXPECT_EQ(cli::xml_escaped("\xEF\xBF"), "\uFFFD\uFFFD");
}

TEST(report_words, labels_of_metrics_are_escaped) {
  EXPECT_EQ(cli::label_escaped("a\"b\\c\nd"), "a\\\"b\\\\c\\nd");
}

TEST(report_words, numbers_are_short) {
  EXPECT_EQ(cli::span_text(800us), "0.8 ms");
  EXPECT_EQ(cli::span_text(250ms), "250 ms");
  EXPECT_EQ(cli::span_text(1250ms), "1.250 s");
  EXPECT_EQ(cli::span_text(125s), "2 min 05 s");
  EXPECT_EQ(cli::span_text(7500s), "2 h 05 min");
  EXPECT_EQ(cli::size_text(512), "512 B");
  EXPECT_EQ(cli::size_text(3 << 20), "3.0 MiB");
  EXPECT_EQ(cli::utc_time(journal::moment(1'700'000'000'042ms)), "2023-11-14T22:13:20.042Z");
}

TEST(failure_causes, differ_not_by_numbers_and_names) {
  const std::vector<std::string> argv{"wc", "-l", "dir/a.txt"};
  EXPECT_EQ(cli::generalised("wc: dir/a.txt: line 17: bad", argv), "wc: {}: line #: bad");
  EXPECT_EQ(cli::generalised("wc failed", argv), "wc failed");
}

}  // namespace
