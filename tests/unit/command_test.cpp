// Commands: how they are made from arguments, ranges, shell text and lines.
// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <filesystem>
#include <list>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <gtest/gtest.h>

#include <brood/command.hpp>
#include <brood/error.hpp>

namespace {

using brood::command;
using words = std::vector<std::string>;

TEST(command, is_its_arguments_as_given) {
  EXPECT_EQ((command{"echo", "a b", ""}).args(), (words{"echo", "a b", ""}));
}

TEST(command, takes_all_that_is_text) {
  const std::string text = "text";
  const std::string_view view = "view";
  const std::filesystem::path path = "/bin/ls";
  EXPECT_EQ((command{path, text, view, "literal"}).args(),
            (words{"/bin/ls", "text", "view", "literal"}));
}

TEST(command, takes_ranges_of_text) {
  const words expected{"a", "b"};
  EXPECT_EQ(command(std::vector<std::string>{"a", "b"}).args(), expected);
  EXPECT_EQ(command(std::vector<std::string_view>{"a", "b"}).args(), expected);
  EXPECT_EQ(command(std::list<const char*>{"a", "b"}).args(), expected);
  EXPECT_EQ(command(std::array<std::string, 2>{"a", "b"}).args(), expected);
}

TEST(command, is_not_a_string) {
  EXPECT_FALSE((std::is_constructible_v<command, const char*>));
  EXPECT_FALSE((std::is_constructible_v<command, std::string>));
  EXPECT_FALSE((std::is_constructible_v<command, std::string_view>));
}

TEST(command, is_not_split_when_it_is_one_word) {
  EXPECT_EQ(command{"ls -l"}.args(), words{"ls -l"});
}

TEST(command, grows_by_single_arguments) {
  command c{"tar"};
  c.add("-cf").add(std::string("x.tar"));
  EXPECT_EQ(c.args(), (words{"tar", "-cf", "x.tar"}));
  EXPECT_EQ((command{"a"}.add("b").args()), (words{"a", "b"}));
}

TEST(command, is_a_value) {
  const command one{"a"};
  command two = one;
  two.add("b");
  EXPECT_EQ(one.args(), words{"a"});
  EXPECT_EQ(two.args(), (words{"a", "b"}));
}

TEST(command, is_shown_as_a_shell_would_take_it) {
  EXPECT_EQ((command{"grep", "-e", "it's", "*.txt", ""}).to_string(),
            "grep -e 'it'\"'\"'s' '*.txt' ''");
}

TEST(shell, hands_the_text_over_untouched) {
  const command c = brood::shell("ls | wc -l; echo \"$1\"", {"name", "one"});
  ASSERT_GE(c.args().size(), 5u);
  EXPECT_EQ(c.args()[0], "/bin/sh");
  EXPECT_EQ(c.args()[1], "-c");
  EXPECT_EQ(*(c.args().end() - 3), "ls | wc -l; echo \"$1\"");
  EXPECT_EQ(*(c.args().end() - 2), "name");
  EXPECT_EQ(*(c.args().end() - 1), "one");
}

TEST(shell, keeps_text_that_begins_with_a_sign_from_being_an_option) {
  EXPECT_EQ(brood::shell("true").args(), (words{"/bin/sh", "-c", "true"}));
  EXPECT_EQ(brood::shell("-x").args(), (words{"/bin/sh", "-c", "--", "-x"}));
  EXPECT_EQ(brood::shell("+x").args(), (words{"/bin/sh", "-c", "--", "+x"}));
}

TEST(parse, splits_without_a_shell) {
  EXPECT_EQ(brood::parse(" git commit -m 'a b' $HOME ").args(),
            (words{"git", "commit", "-m", "a b", "$HOME"}));
}

TEST(parse, refuses_a_line_without_words) {
  EXPECT_THROW(brood::parse(""), brood::usage_error);
  EXPECT_THROW(brood::parse(" \t\n"), brood::usage_error);
}

TEST(parse, takes_an_empty_word_for_a_word) { EXPECT_EQ(brood::parse("''").args(), words{""}); }

TEST(parse, refuses_open_quotes) {
  EXPECT_THROW(brood::parse("echo 'a"), brood::usage_error);
  EXPECT_THROW(brood::parse("echo a\\"), brood::usage_error);
}

}  // namespace
