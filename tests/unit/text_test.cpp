// Bytes to text and back: splits at every byte, each way to treat mistakes, uniform newlines.
// SPDX-License-Identifier: Apache-2.0
#include "stream/text.hpp"

#include <cstddef>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

namespace {

using brood::text_errors;
using brood::detail::decoder;
using brood::detail::encode;
using std::string_view_literals::operator""sv;

constexpr text_errors policies[] = {text_errors::strict, text_errors::replace, text_errors::ignore,
                                    text_errors::backslashreplace};
constexpr std::string_view mark = "\xef\xbf\xbd";  // U+FFFD

struct result {
  std::string text;
  bool good = true;
  std::string what;
  bool operator==(const result&) const = default;
};

// Decodes the pieces in turn, and then the end.
result decode(const std::vector<std::string_view>& pieces, const std::string& encoding,
              text_errors errors) {
  decoder d(encoding, errors);
  result r;
  for (std::size_t i = 0; i <= pieces.size() && r.good; ++i) {
    const bool last = i == pieces.size();
    const auto done = d.decode(last ? std::string_view() : pieces[i], last, r.text);
    r.good = done.has_value();
    if (!done) {
      r.what = done.error().what();
      EXPECT_EQ(done.error().kind(), brood::error_kind::bad_data);
      EXPECT_EQ(done.error().stage(), brood::error_stage::decode);
    }
  }
  return r;
}

result decode(std::string_view bytes, const std::string& encoding, text_errors errors) {
  return decode(std::vector<std::string_view>{bytes}, encoding, errors);
}

std::string utf8(std::string_view bytes, text_errors errors) {
  const result r = decode(bytes, "UTF-8", errors);
  EXPECT_TRUE(r.good) << r.what;
  return r.text;
}

std::vector<std::string_view> split(std::string_view bytes, std::size_t piece) {
  std::vector<std::string_view> pieces;
  for (; !bytes.empty(); bytes.remove_prefix(pieces.back().size())) {
    pieces.push_back(bytes.substr(0, piece));
  }
  return pieces;
}

// In one, in two at every place, in three at every pair of places, byte by byte: all the same.
void expect_the_same_in_pieces(std::string_view bytes, const std::string& encoding) {
  for (const text_errors errors : policies) {
    const result whole = decode(bytes, encoding, errors);
    for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
      EXPECT_EQ(decode(split(bytes, piece), encoding, errors), whole) << "pieces of " << piece;
    }
    for (std::size_t a = 0; a <= bytes.size(); ++a) {
      for (std::size_t b = a; b <= bytes.size(); ++b) {
        ASSERT_EQ(
            decode({bytes.substr(0, a), bytes.substr(a, b - a), bytes.substr(b)}, encoding, errors),
            whole)
            << encoding << ", split at " << a << " and " << b << ", policy "
            << static_cast<int>(errors);
      }
    }
  }
}

TEST(decoder, does_not_care_where_utf8_is_split) {
  expect_the_same_in_pieces("a\r\n\xc3\xa9\xe2\x82\xac\r\xf0\x9f\x90\xa3\n\r\n\r", "UTF-8");
}

TEST(decoder, does_not_care_where_broken_utf8_is_split) {
  expect_the_same_in_pieces("a\xff\xc3(\xe2\x82", "UTF-8");
  expect_the_same_in_pieces("\xf0\x9f\x90\r\n\x80\xe2\x28\xa1", "UTF-8");
  expect_the_same_in_pieces("\xed\xa0\x80\xc0\xaf\xf4\x90\x80\x80x", "UTF-8");
  expect_the_same_in_pieces("\xf8\x88\x80\x80\x80\xfe\xf4\x8f\xbf\xbf", "UTF-8");
}

TEST(decoder, does_not_care_where_utf16_is_split) {
  expect_the_same_in_pieces("h\0\r\0\n\0\xac\x20\x3d\xd8\x00\xde\r\0"sv, "UTF-16LE");
  expect_the_same_in_pieces("\0h\0\r\0\n\x20\xac\xd8\x3d\xde\x00"sv, "UTF-16BE");
  expect_the_same_in_pieces("\xff\xfeh\0i\0"sv, "UTF-16");
  expect_the_same_in_pieces("\xfe\xff\0h\0i"sv, "UTF-16");
}

TEST(decoder, does_not_care_where_other_encodings_are_split) {
  expect_the_same_in_pieces("caf\xe9\r\n\x80", "ISO-8859-1");
  expect_the_same_in_pieces("\x93\xfa\x96\x7b\r\n", "SHIFT_JIS");
  expect_the_same_in_pieces("h\0\0\0\xa3\xf4\x01\0"sv, "UTF-32LE");
}

TEST(decoder, decodes_what_is_well_formed) {
  for (const text_errors errors : policies) {
    EXPECT_EQ(utf8("\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf",
                   errors),
              "\x7f\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf");
    EXPECT_EQ(utf8("a\0b"sv, errors), "a\0b"sv);
    EXPECT_EQ(utf8("", errors), "");
    EXPECT_EQ(decode("h\0\xac\x20"sv, "UTF-16LE", errors).text, "h\xe2\x82\xac");
    EXPECT_EQ(decode("\x3d\xd8\x00\xde"sv, "UTF-16LE", errors).text, "\xf0\x9f\x98\x80");
    EXPECT_EQ(decode("\x80\xe9", "ISO-8859-1", errors).text, "\xc2\x80\xc3\xa9");
    EXPECT_EQ(decode("\xa4", "ISO-8859-15", errors).text, "\xe2\x82\xac");
  }
}

struct broken {
  std::string_view bytes;
  std::string_view ignored;
  std::string_view escaped;
  int at;  // where strict says it is
};

TEST(decoder, treats_mistakes_as_asked) {
  const broken cases[] = {
      {"a\xff", "a", "a\\xff", 1},
      {"\x80z", "z", "\\x80z", 0},
      {"ab\xc3(", "ab(", "ab\\xc3(", 2},
      {"\xe2\x82", "", "\\xe2\\x82", 0},                             // cut short
      {"\xc0\xaf", "", "\\xc0\\xaf", 0},                             // overlong
      {"x\xed\xa0\x80y", "xy", "x\\xed\\xa0\\x80y", 1},              // a surrogate
      {"\xf4\x90\x80\x80", "", "\\xf4\\x90\\x80\\x80", 0},           // U+110000
      {"\xf5\x80\x80\x80!", "!", "\\xf5\\x80\\x80\\x80!", 0},        // U+140000
      {"\xf8\x88\x80\x80\x80", "", "\\xf8\\x88\\x80\\x80\\x80", 0},  // five bytes
      {"1\xe2\x82\xac\xf4\x90", "1\xe2\x82\xac", "1\xe2\x82\xac\\xf4\\x90", 4},
  };
  for (const broken& c : cases) {
    EXPECT_EQ(utf8(c.bytes, text_errors::ignore), c.ignored);
    EXPECT_EQ(utf8(c.bytes, text_errors::backslashreplace), c.escaped);
    const result strict = decode(c.bytes, "UTF-8", text_errors::strict);
    EXPECT_FALSE(strict.good) << c.escaped;
    EXPECT_EQ(strict.text, c.bytes.substr(0, static_cast<std::size_t>(c.at))) << c.escaped;
    EXPECT_NE(strict.what.find("byte " + std::to_string(c.at)), std::string::npos) << strict.what;
    std::string replaced = utf8(c.bytes, text_errors::replace);
    EXPECT_NE(replaced.find(mark), std::string::npos) << c.escaped;
    for (std::size_t at; (at = replaced.find(mark)) != std::string::npos;) replaced.erase(at, 3);
    EXPECT_EQ(replaced, c.ignored);
  }
}

TEST(decoder, replaces_what_is_cut_short_at_the_end_by_one_mark) {
  for (const std::string_view bytes : {"\xc3"sv, "\xe2\x82"sv, "\xf0\x9f\x90"sv}) {
    EXPECT_EQ(utf8(bytes, text_errors::replace), mark);
  }
  EXPECT_EQ(decode("h\0\x3d\xd8"sv, "UTF-16LE", text_errors::replace).text,
            "h" + std::string(mark));
}

TEST(decoder, names_the_byte_in_the_whole_stream) {
  decoder d("UTF-8", text_errors::strict);
  std::string text;
  ASSERT_TRUE(d.decode(std::string(100000, 'x'), false, text));
  ASSERT_TRUE(d.decode("\xe2\x82", false, text));
  const auto r = d.decode("(", false, text);
  ASSERT_FALSE(r);
  EXPECT_NE(std::string(r.error().what()).find("byte 100000"), std::string::npos)
      << r.error().what();
}

TEST(decoder, makes_newlines_uniform_also_over_pieces) {
  struct {
    std::vector<std::string_view> pieces;
    std::string_view text;
  } const cases[] = {
      {{"a\r\nb\rc\nd"}, "a\nb\nc\nd"}, {{"a\r", "\nb"}, "a\nb"},     {{"a\r", "b"}, "a\nb"},
      {{"\r", "\r", "\n"}, "\n\n"},     {{"\r", "", "\n"}, "\n"},     {{"\n", "\r"}, "\n\n"},
      {{"\r\n\r\n\r"}, "\n\n\n"},       {{"\r", "\n", "\n"}, "\n\n"}, {{"\n\r"}, "\n\n"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(decode(c.pieces, "UTF-8", text_errors::strict).text, c.text);
  }
}

// A \r is passed on at once and not held back: a progress display would come a line late.
TEST(decoder, holds_no_newline_back) {
  decoder d("UTF-8", text_errors::strict);
  std::string text;
  ASSERT_TRUE(d.decode("50%\r", false, text));
  EXPECT_EQ(text, "50%\n");
  ASSERT_TRUE(d.decode("\n", false, text));
  EXPECT_EQ(text, "50%\n");
}

TEST(decoder, takes_much_at_once) {
  std::string euros;
  for (int i = 0; i < 100000; ++i) euros += "\xe2\x82\xac";
  EXPECT_EQ(utf8(euros, text_errors::strict), euros);
  std::string bad(20000, '\xff');
  EXPECT_EQ(utf8(bad, text_errors::ignore), "");
  EXPECT_EQ(utf8(bad, text_errors::replace).size(), 3 * bad.size());
}

TEST(decoder, goes_on_when_it_is_moved) {
  decoder first("UTF-8", text_errors::strict);
  std::string text;
  ASSERT_TRUE(first.decode("\r\xe2\x82", false, text));
  decoder second(std::move(first));
  ASSERT_TRUE(second.decode("\xac", true, text));
  EXPECT_EQ(text, "\n\xe2\x82\xac");
}

TEST(decoder, of_random_bytes_never_gives_what_is_not_utf8) {
  std::mt19937 random(1);  // the same each time
  for (int round = 0; round < 2000; ++round) {
    std::string bytes(random() % 12, '\0');
    for (char& c : bytes) {
      constexpr std::string_view some = "a\r\n\x80\xbf\xc2\xe2\xed\xf0\xf4\xf5\xff\x90\xa0";
      c = some[random() % some.size()];
    }
    for (const text_errors errors :
         {text_errors::replace, text_errors::ignore, text_errors::backslashreplace}) {
      const result whole = decode(bytes, "UTF-8", errors);
      ASSERT_TRUE(whole.good);
      ASSERT_TRUE(decode(whole.text, "UTF-8", text_errors::strict).good);
      ASSERT_EQ(decode(split(bytes, 1), "UTF-8", errors), whole);
    }
  }
}

std::string encoded(std::string_view text, const std::string& encoding, text_errors errors) {
  const auto r = encode(text, encoding, errors);
  EXPECT_TRUE(r);
  return r ? *r : std::string();
}

TEST(encoder, writes_what_the_encoding_has) {
  for (const text_errors errors : policies) {
    EXPECT_EQ(encoded("a\r\n\xe2\x82\xac", "UTF-8", errors), "a\r\n\xe2\x82\xac");
    EXPECT_EQ(encoded("caf\xc3\xa9", "ISO-8859-1", errors), "caf\xe9");
    EXPECT_EQ(encoded("h\xe2\x82\xac", "UTF-16LE", errors), "h\0\xac\x20"sv);
    EXPECT_EQ(encoded("\xf0\x9f\x98\x80", "UTF-16BE", errors), "\xd8\x3d\xde\x00"sv);
    EXPECT_EQ(encoded("", "UTF-8", errors), "");
    EXPECT_EQ(encoded("a\0b"sv, "ISO-8859-1", errors), "a\0b"sv);
  }
  const std::string much(100000, 'x');
  EXPECT_EQ(encoded(much, "ISO-8859-1", text_errors::strict), much);
}

TEST(encoder, treats_what_the_encoding_lacks_as_asked) {
  const std::string_view text = "a\xe2\x82\xac\xf0\x9f\x90\xa3z";
  EXPECT_EQ(encoded(text, "ISO-8859-1", text_errors::replace), "a??z");
  EXPECT_EQ(encoded(text, "ISO-8859-1", text_errors::ignore), "az");
  EXPECT_EQ(encoded(text, "ISO-8859-1", text_errors::backslashreplace),
            "a\\xe2\\x82\\xac\\xf0\\x9f\\x90\\xa3z");
  const auto r = encode(text, "ISO-8859-1", text_errors::strict);
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().kind(), brood::error_kind::bad_data);
  EXPECT_EQ(r.error().stage(), brood::error_stage::encode);
  EXPECT_NE(std::string(r.error().what()).find("byte 1"), std::string::npos) << r.error().what();
}

TEST(encoder, treats_text_that_is_not_utf8_as_asked) {
  for (const std::string_view bad : {"a\xff"sv, "a\xe2\x82"sv, "a\x80"sv, "a\xed\xa0\x80"sv,
                                     "a\xf4\x90\x80\x80"sv, "a\xf8\x88\x80\x80\x80"sv}) {
    EXPECT_FALSE(encode(bad, "UTF-8", text_errors::strict)) << bad;
    EXPECT_EQ(encoded(bad, "UTF-8", text_errors::ignore), "a") << bad;
    EXPECT_FALSE(encode(bad, "ISO-8859-1", text_errors::strict)) << bad;
    EXPECT_EQ(encoded(bad, "ISO-8859-1", text_errors::ignore), "a") << bad;
    EXPECT_EQ(encoded(bad, "ISO-8859-1", text_errors::replace).substr(0, 2), "a?") << bad;
  }
}

TEST(encoder, and_decoder_are_inverse) {
  const std::string text = "na\xc3\xafve \xe2\x82\xac \xf0\x9f\x90\xa3\n";
  for (const char* name : {"UTF-8", "UTF-16", "UTF-16LE", "UTF-16BE", "UTF-32", "UTF-7"}) {
    if (!brood::detail::known_encoding(name)) continue;  // musl has no UTF-7
    const auto bytes = encode(text, name, text_errors::strict);
    ASSERT_TRUE(bytes) << name;
    EXPECT_EQ(decode(*bytes, name, text_errors::strict).text, text) << name;
  }
}

// An encoding with states ends in its first one.
TEST(encoder, returns_to_the_first_state) {
  EXPECT_EQ(encoded("\xe6\x97\xa5", "ISO-2022-JP", text_errors::strict), "\x1b$BF|\x1b(B");
}

TEST(known_encoding, knows_iconvs_names) {
  using brood::detail::known_encoding;
  for (const char* name : {"UTF-8", "utf-8", "latin1", "ISO-8859-15", "UTF-16", "ascii"}) {
    EXPECT_TRUE(known_encoding(name)) << name;
  }
  EXPECT_FALSE(known_encoding("no-such-encoding"));
}

}  // namespace
