// What is kept of a stream under each policy, at and around its limit.
// SPDX-License-Identifier: Apache-2.0
#include "stream/collector.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include "support/files.hpp"

namespace {

using brood::output_limit;
using brood::overflow;
using brood::detail::collector;

constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyz";

void feed(collector& c, std::string_view bytes, std::size_t piece) {
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    ASSERT_EQ(c.append(bytes.substr(at, piece)), 0);
  }
}

// What a policy keeps of `bytes`, said the slow way.
std::string wanted(overflow policy, std::size_t limit, std::string_view bytes) {
  if (bytes.size() <= limit) return std::string(bytes);
  std::size_t tail = 0;
  if (policy == overflow::keep_tail) tail = limit;
  if (policy == overflow::keep_head_tail) tail = limit / 2;
  return std::string(bytes.substr(0, limit - tail)).append(bytes.substr(bytes.size() - tail, tail));
}

TEST(collector, without_a_limit_keeps_all) {
  collector c{output_limit{}};
  EXPECT_TRUE(c.unbounded());
  feed(c, letters, 7);
  c.storage() += "123";
  EXPECT_FALSE(c.exceeded());
  EXPECT_EQ(c.omitted(), 0U);
  EXPECT_EQ(c.take(), std::string(letters) + "123");
}

TEST(collector, of_nothing_is_empty) {
  for (const overflow policy : {overflow::error, overflow::keep_head, overflow::keep_tail,
                                overflow::keep_head_tail, overflow::spill}) {
    collector c{output_limit(1, policy, "/no/such/file")};
    EXPECT_FALSE(c.unbounded());
    EXPECT_EQ(c.append(""), 0);
    EXPECT_FALSE(c.exceeded());
    EXPECT_EQ(c.omitted(), 0U);
    EXPECT_EQ(c.take(), "");
  }
}

TEST(collector, keeps_the_same_whatever_the_pieces) {
  for (const overflow policy :
       {overflow::error, overflow::keep_head, overflow::keep_tail, overflow::keep_head_tail}) {
    for (std::size_t limit = 1; limit <= 9; ++limit) {
      for (std::size_t size = 0; size <= letters.size(); ++size) {
        for (std::size_t piece = 1; piece <= letters.size(); ++piece) {
          const std::string_view bytes = letters.substr(0, size);
          collector c{output_limit(limit, policy)};
          feed(c, bytes, piece);
          const std::string kept = wanted(policy, limit, bytes);
          EXPECT_EQ(c.omitted(), size - kept.size());
          EXPECT_EQ(c.exceeded(), policy == overflow::error && size > limit);
          EXPECT_EQ(c.take(), kept);
          ASSERT_FALSE(testing::Test::HasFailure())
              << "policy " << static_cast<int>(policy) << ", limit " << limit << ", " << size
              << " bytes in pieces of " << piece;
        }
      }
    }
  }
}

TEST(collector, exceeds_by_the_first_byte_too_many) {
  collector c{output_limit(3)};
  EXPECT_EQ(c.append("abc"), 0);
  EXPECT_FALSE(c.exceeded());
  EXPECT_EQ(c.append(""), 0);
  EXPECT_FALSE(c.exceeded());
  EXPECT_EQ(c.append("d"), 0);
  EXPECT_TRUE(c.exceeded());
  EXPECT_EQ(c.omitted(), 1U);
  EXPECT_EQ(c.take(), "abc");
}

TEST(collector, gives_the_odd_byte_to_the_head) {
  collector c{output_limit(5, overflow::keep_head_tail)};
  EXPECT_EQ(c.append(letters), 0);
  EXPECT_EQ(c.omitted(), 21U);
  EXPECT_EQ(c.take(), "abcyz");
}

TEST(collector, keeps_head_alone_where_one_byte_cannot_be_halved) {
  collector c{output_limit(1, overflow::keep_head_tail)};
  EXPECT_EQ(c.append(letters), 0);
  EXPECT_EQ(c.take(), "a");
}

TEST(collector, keeps_little_memory_for_a_long_tail) {
  collector c{output_limit(100, overflow::keep_tail)};
  std::string all;
  for (int i = 0; i < 5000; ++i) {
    const std::string piece = std::to_string(i) + ",";
    ASSERT_EQ(c.append(piece), 0);
    all += piece;
  }
  EXPECT_EQ(c.omitted(), all.size() - 100);
  EXPECT_EQ(c.take(), all.substr(all.size() - 100));
}

// One, two, three and four bytes long.
constexpr std::string_view characters = "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x90\xa3";

// The most of `text` that is whole characters, from its front or up to its end.
std::string whole_head(std::string_view text, std::size_t most) {
  std::size_t n = std::min(most, text.size());
  while (n < text.size() && n > 0 && (text[n] & '\xc0') == '\x80') --n;
  return std::string(text.substr(0, n));
}
std::string whole_tail(std::string_view text, std::size_t most) {
  std::size_t at = text.size() - std::min(most, text.size());
  while (at < text.size() && (text[at] & '\xc0') == '\x80') ++at;
  return std::string(text.substr(at));
}

TEST(collector, cuts_text_between_characters) {
  std::string text;
  for (int i = 0; i < 4; ++i) text += characters;
  for (const overflow policy :
       {overflow::error, overflow::keep_head, overflow::keep_tail, overflow::keep_head_tail}) {
    for (std::size_t limit = 1; limit <= text.size() + 1; ++limit) {
      for (std::size_t times = 1; times <= 4; ++times) {  // so many characters in a piece
        collector c{output_limit(limit, policy)};
        c.cut_at_characters();
        std::string_view left = text;
        while (!left.empty()) {
          std::size_t n = 0;
          for (std::size_t k = 0; k < times && n < left.size(); ++k) {
            n += whole_head(left.substr(n), 4).size() == 0 ? 4 : 1;
            while (n < left.size() && (left[n] & '\xc0') == '\x80') ++n;
          }
          ASSERT_EQ(c.append(left.substr(0, n)), 0);
          left.remove_prefix(n);
        }
        const std::string kept = c.so_far();
        EXPECT_EQ(c.exceeded(), policy == overflow::error && text.size() > limit);
        EXPECT_EQ(c.omitted(), text.size() - kept.size());
        EXPECT_LE(kept.size(), limit);
        if (text.size() <= limit) {
          EXPECT_EQ(kept, text);
        } else if (policy == overflow::keep_tail) {
          EXPECT_EQ(kept, whole_tail(text, limit));
        } else if (policy == overflow::keep_head_tail) {
          const std::string head = whole_head(text, limit - limit / 2);
          EXPECT_EQ(kept, head + whole_tail(text, limit - head.size()));
        } else {
          EXPECT_EQ(kept, whole_head(text, limit));
        }
        EXPECT_EQ(c.take(), kept);
        ASSERT_FALSE(testing::Test::HasFailure())
            << "policy " << static_cast<int>(policy) << ", limit " << limit;
      }
    }
  }
}

// A character that does not fit is the end of the head, whatever smaller one comes next.
TEST(collector, takes_nothing_into_the_head_after_a_character_that_did_not_fit) {
  collector c{output_limit(2, overflow::keep_head)};
  c.cut_at_characters();
  EXPECT_EQ(c.append("\xe2\x82\xac"), 0);
  EXPECT_EQ(c.append("a"), 0);
  EXPECT_EQ(c.omitted(), 4U);
  EXPECT_EQ(c.take(), "");
}

class spill : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/brood-spill-XXXXXX";
    ASSERT_NE(::mkdtemp(name), nullptr);
    dir_ = name;
    file_ = dir_ + "/all";
  }
  void TearDown() override {
    ::unlink(file_.c_str());
    ::unlink((file_ + ".err").c_str());
    EXPECT_EQ(::rmdir(dir_.c_str()), 0);
  }
  std::string dir_;
  std::string file_;
};

TEST_F(spill, makes_no_file_for_what_fits) {
  collector c{output_limit(26, overflow::spill, file_)};
  feed(c, letters, 5);
  EXPECT_NE(::access(file_.c_str(), F_OK), 0);
  EXPECT_EQ(c.omitted(), 0U);
  EXPECT_EQ(c.take(), letters);
}

TEST_F(spill, has_all_in_the_file_and_the_head_in_memory) {
  for (std::size_t limit = 1; limit < letters.size(); ++limit) {
    for (std::size_t piece = 1; piece <= letters.size(); ++piece) {
      collector c{output_limit(limit, overflow::spill, file_)};
      feed(c, letters, piece);
      EXPECT_FALSE(c.exceeded());
      EXPECT_EQ(c.omitted(), letters.size() - limit);
      EXPECT_EQ(c.take(), letters.substr(0, limit));
      EXPECT_EQ(support::read_file(file_), letters);
      ASSERT_FALSE(HasFailure()) << "limit " << limit << ", pieces of " << piece;
    }
  }
}

TEST_F(spill, cuts_the_text_in_memory_between_characters) {
  collector c{output_limit(2, overflow::spill, file_)};
  c.cut_at_characters();
  EXPECT_EQ(c.append(characters), 0);
  EXPECT_EQ(c.append("z"), 0);
  EXPECT_EQ(c.take(), "a");
  EXPECT_EQ(support::read_file(file_), std::string(characters) + "z");
}

TEST_F(spill, puts_the_suffix_behind_the_name) {
  collector c{output_limit(1, overflow::spill, file_), ".err"};
  EXPECT_EQ(c.spill_path(), file_ + ".err");
  EXPECT_EQ(c.append("ab"), 0);
  EXPECT_EQ(support::read_file(file_ + ".err"), "ab");
  EXPECT_NE(::access(file_.c_str(), F_OK), 0);
}

TEST_F(spill, says_why_it_cannot_write) {
  collector c{output_limit(1, overflow::spill, file_ + "/not/a/directory")};
  EXPECT_EQ(c.append("a"), 0);
  EXPECT_EQ(c.append("b"), -ENOENT);
}

}  // namespace
