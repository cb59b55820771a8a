// Dependency files as gcc, clang and people write them.
// SPDX-License-Identifier: Apache-2.0
#include "map/depfile.hpp"

#include <string>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace {

using cli::parse_depfile;
using testing::ElementsAre;
using testing::IsEmpty;

TEST(depfile, rules_of_compilers) {
  EXPECT_THAT(parse_depfile("a.o: a.c \\\n  /usr/include/x.h \\\n b.h\n\nb.h:\n"),
              ElementsAre("a.c", "/usr/include/x.h", "b.h"));
  EXPECT_THAT(parse_depfile("a.o a.d : a.c\r\nb.o: b.c \\\r\n a.c"), ElementsAre("a.c", "b.c"));
}

TEST(depfile, names_with_special_characters) {
  EXPECT_THAT(parse_depfile("d\\ e.o: with\\ blank.c a\\#b.h $$x a\\b.h c:d.h x\\:y"),
              ElementsAre("with blank.c", "a#b.h", "$x", "a\\b.h", "c:d.h", "x:y"));
  EXPECT_THAT(parse_depfile("# a: b\na: c # d\n"), ElementsAre("c"));
}

TEST(depfile, what_is_no_rule_names_nothing) {
  EXPECT_THAT(parse_depfile(""), IsEmpty());
  EXPECT_THAT(parse_depfile("a b c\n\\"), IsEmpty());
}

}  // namespace
