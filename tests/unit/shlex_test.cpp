// Splitting and quoting of command lines, with the cases of Python's own suite.
// SPDX-License-Identifier: Apache-2.0
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include <brood/error.hpp>
#include <brood/shlex.hpp>

namespace {

namespace shlex = brood::shlex;
using words = std::vector<std::string>;

struct line_case {
  std::string_view line;
  words expected;
};

// posix_data of CPython's Lib/test/test_shlex.py, in its order.
const line_case posix_cases[] = {
    {"x", {"x"}},
    {"foo bar", {"foo", "bar"}},
    {" foo bar", {"foo", "bar"}},
    {" foo bar ", {"foo", "bar"}},
    {"foo   bar    bla     fasel", {"foo", "bar", "bla", "fasel"}},
    {"x y  z              xxxx", {"x", "y", "z", "xxxx"}},
    {R"(\x bar)", {"x", "bar"}},
    {R"(\ x bar)", {" x", "bar"}},
    {R"(\ bar)", {" bar"}},
    {R"(foo \x bar)", {"foo", "x", "bar"}},
    {R"(foo \ x bar)", {"foo", " x", "bar"}},
    {R"(foo \ bar)", {"foo", " bar"}},
    {R"(foo "bar" bla)", {"foo", "bar", "bla"}},
    {R"("foo" "bar" "bla")", {"foo", "bar", "bla"}},
    {R"("foo" bar "bla")", {"foo", "bar", "bla"}},
    {R"("foo" bar bla)", {"foo", "bar", "bla"}},
    {R"(foo 'bar' bla)", {"foo", "bar", "bla"}},
    {R"('foo' 'bar' 'bla')", {"foo", "bar", "bla"}},
    {R"('foo' bar 'bla')", {"foo", "bar", "bla"}},
    {R"('foo' bar bla)", {"foo", "bar", "bla"}},
    {R"(blurb foo"bar"bar"fasel" baz)", {"blurb", "foobarbarfasel", "baz"}},
    {R"(blurb foo'bar'bar'fasel' baz)", {"blurb", "foobarbarfasel", "baz"}},
    {R"("")", {""}},
    {R"('')", {""}},
    {R"(foo "" bar)", {"foo", "", "bar"}},
    {R"(foo '' bar)", {"foo", "", "bar"}},
    {R"(foo "" "" "" bar)", {"foo", "", "", "", "bar"}},
    {R"(foo '' '' '' bar)", {"foo", "", "", "", "bar"}},
    {R"(\")", {"\""}},
    {R"("\"")", {"\""}},
    {R"("foo\ bar")", {R"(foo\ bar)"}},
    {R"("foo\\ bar")", {R"(foo\ bar)"}},
    {R"("foo\\ bar\"")", {R"(foo\ bar")"}},
    {R"("foo\\" bar\")", {R"(foo\)", R"(bar")"}},
    {R"("foo\\ bar\" dfadf")", {R"(foo\ bar" dfadf)"}},
    {R"("foo\\\ bar\" dfadf")", {R"(foo\\ bar" dfadf)"}},
    {R"("foo\\\x bar\" dfadf")", {R"(foo\\x bar" dfadf)"}},
    {R"("foo\x bar\" dfadf")", {R"(foo\x bar" dfadf)"}},
    {R"(\')", {"'"}},
    {R"('foo\ bar')", {R"(foo\ bar)"}},
    {R"('foo\\ bar')", {R"(foo\\ bar)"}},
    {R"("foo\\\x bar\" df'a\ 'df")", {R"(foo\\x bar" df'a\ 'df)"}},
    {R"(\"foo)", {R"("foo)"}},
    {R"(\"foo\x)", {R"("foox)"}},
    {R"("foo\x")", {R"(foo\x)"}},
    {R"("foo\ ")", {R"(foo\ )"}},
    {R"(foo\ xx)", {"foo xx"}},
    {R"(foo\ x\x)", {"foo xx"}},
    {R"(foo\ x\x\")", {R"(foo xx")"}},
    {R"("foo\ x\x")", {R"(foo\ x\x)"}},
    {R"("foo\ x\x\\")", {R"(foo\ x\x\)"}},
    {R"("foo\ x\x\\""foobar")", {R"(foo\ x\x\foobar)"}},
    {R"("foo\ x\x\\"\'"foobar")", {R"(foo\ x\x\'foobar)"}},
    {R"("foo\ x\x\\"\'"fo'obar")", {R"(foo\ x\x\'fo'obar)"}},
    {R"("foo\ x\x\\"\'"fo'obar" 'don'\''t')", {R"(foo\ x\x\'fo'obar)", "don't"}},
    {R"("foo\ x\x\\"\'"fo'obar" 'don'\''t' \\)", {R"(foo\ x\x\'fo'obar)", "don't", R"(\)"}},
    {R"('foo\ bar')", {R"(foo\ bar)"}},
    {R"('foo\\ bar')", {R"(foo\\ bar)"}},
    {R"(foo\ bar)", {"foo bar"}},
    {"foo#bar\nbaz", {"foo", "baz"}},
    {":-) ;-)", {":-)", ";-)"}},
    {"\u00e1\u00e9\u00ed\u00f3\u00fa", {"\u00e1\u00e9\u00ed\u00f3\u00fa"}},
};

std::string complaint_of(std::string_view line) {
  try {
    shlex::split(line);
  } catch (const brood::usage_error& e) {
    EXPECT_EQ(e.kind(), brood::error_kind::bad_request);
    return e.what();
  }
  return "none";
}

TEST(shlex, splits_as_python_does_in_posix_mode) {
  for (const line_case& c : posix_cases)
    EXPECT_EQ(shlex::split(c.line, true), c.expected) << c.line;
}

TEST(shlex, gives_back_what_it_joined) {
  for (const line_case& c : posix_cases) {
    EXPECT_EQ(shlex::split(shlex::join(c.expected)), c.expected) << c.line;
  }
}

TEST(shlex, finds_no_words_in_blank_lines) {
  EXPECT_EQ(shlex::split(""), words{});
  EXPECT_EQ(shlex::split(" \t\r\n"), words{});
}

TEST(shlex, knows_four_blanks_and_no_others) {
  EXPECT_EQ(shlex::split("a\tb\rc\nd e\ff\vg"), (words{"a", "b", "c", "d", "e\ff\vg"}));
}

TEST(shlex, takes_comments_only_when_asked) {
  EXPECT_EQ(shlex::split("a #b c"), (words{"a", "#b", "c"}));
  EXPECT_EQ(shlex::split("a #b c", true), words{"a"});
  EXPECT_EQ(shlex::split("#a\nb#c", true), words{"b"});
  EXPECT_EQ(shlex::split(R"(\#a "#b" '#c')", true), (words{"#a", "#b", "#c"}));
}

TEST(shlex, keeps_an_escaped_newline_as_python_does) {
  EXPECT_EQ(shlex::split("a\\\nb"), words{"a\nb"});
}

TEST(shlex, expands_nothing) {
  EXPECT_EQ(shlex::split("echo $HOME `id` *; ls|wc>x&"),
            (words{"echo", "$HOME", "`id`", "*;", "ls|wc>x&"}));
}

TEST(shlex, keeps_bytes_that_are_not_text_and_nul) {
  const std::string line("a\xff\0 b", 5);
  EXPECT_EQ(shlex::split(line), (words{std::string("a\xff\0", 3), "b"}));
}

TEST(shlex, refuses_open_quotes_in_pythons_words) {
  for (const char* line : {"'", "\"", "a 'b", "a \"b", "''' ", R"("\")", "a'b\"c"}) {
    EXPECT_NE(complaint_of(line).find("No closing quotation"), std::string::npos) << line;
  }
}

TEST(shlex, refuses_a_backslash_at_the_end_in_pythons_words) {
  for (const char* line : {"\\", "a b\\", "\"a\\"}) {
    EXPECT_NE(complaint_of(line).find("No escaped character"), std::string::npos) << line;
  }
}

TEST(shlex, leaves_safe_words_unquoted) {
  const std::string safe =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXY"
      "Z0123456789@%_-+=:,./";
  EXPECT_EQ(shlex::quote(safe), safe);
}

TEST(shlex, quotes_whatever_a_shell_would_look_at) {
  EXPECT_EQ(shlex::quote(""), "''");
  EXPECT_EQ(shlex::quote("test file name"), "'test file name'");
  for (const std::string u : {"\"", "`", "$", "\\", "!", "~", "#", "\n", "\u00e9", "\u00df"}) {
    EXPECT_EQ(shlex::quote("test" + u + "name"), "'test" + u + "name'");
    EXPECT_EQ(shlex::quote("test" + u + "'name'"), "'test" + u + "'\"'\"'name'\"'\"''");
  }
}

TEST(shlex, quotes_every_byte_so_that_it_comes_back) {
  for (int c = 0; c < 256; ++c) {
    const std::string word{'a', static_cast<char>(c), '\'', static_cast<char>(c)};
    EXPECT_EQ(shlex::split(shlex::quote(word)), words{word}) << c;
  }
}

TEST(shlex, joins_as_python_does) {
  EXPECT_EQ(shlex::join({}), "");
  EXPECT_EQ(shlex::join({"a ", "b"}), "'a ' b");
  EXPECT_EQ(shlex::join({"a", " b"}), "a ' b'");
  EXPECT_EQ(shlex::join({"a", " ", "b"}), "a ' ' b");
  EXPECT_EQ(shlex::join({"\"a", "b\""}), "'\"a' 'b\"'");
  EXPECT_EQ(shlex::join({"", "", "a"}), "'' '' a");
}

}  // namespace
