// The block of variables that a child gets: where it starts from, and what changes it.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <brood/environment.hpp>

namespace {

using brood::environment;
using block = std::vector<std::string>;

const char* const parent[] = {"HOME=/root", "PATH=/bin", "EMPTY=", "MATH=1+1=2", nullptr};

TEST(environment, is_inherited_by_default_in_the_parents_order) {
  EXPECT_TRUE(environment().is_inherited());
  EXPECT_TRUE(environment::inherit().is_inherited());
  EXPECT_EQ(environment().block(parent),
            (block{"HOME=/root", "PATH=/bin", "EMPTY=", "MATH=1+1=2"}));
}

TEST(environment, is_not_simply_inherited_once_it_differs) {
  EXPECT_FALSE(environment::inherit().set("A", "1").is_inherited());
  EXPECT_FALSE(environment::inherit().unset("NOT_THERE").is_inherited());
  EXPECT_FALSE(environment::empty().is_inherited());
  EXPECT_FALSE(environment::only({}).is_inherited());
}

TEST(environment, starts_with_nothing_when_empty) {
  EXPECT_TRUE(environment::empty().starts_empty());
  EXPECT_EQ(environment::empty().block(parent), block{});
  EXPECT_EQ(environment::empty().set("A", "1").block(parent), block{"A=1"});
}

TEST(environment, takes_only_the_names_that_the_parent_has) {
  EXPECT_EQ(environment::only({"PATH", "NOT_THERE"}).block(parent), block{"PATH=/bin"});
  EXPECT_EQ(environment::only({}).block(parent), block{});
}

TEST(environment, takes_names_whole_and_by_case) {
  EXPECT_EQ(environment::only({"PAT", "PATHS", "path", "PATH=/bin"}).block(parent), block{});
}

TEST(environment, lets_more_names_through) {
  EXPECT_EQ(environment::empty().pass("HOME").pass("HOME").block(parent), block{"HOME=/root"});
  EXPECT_EQ(environment::only({"HOME"}).pass("EMPTY").block(parent),
            (block{"HOME=/root", "EMPTY="}));
}

TEST(environment, passing_changes_nothing_that_is_inherited_anyway) {
  EXPECT_EQ(environment::inherit().pass("HOME").block(parent), environment().block(parent));
}

TEST(environment, sets_a_new_name_and_replaces_an_old_one_without_a_double) {
  const block b = environment::inherit().set("NEW", "n").set("PATH", "/sbin").block(parent);
  EXPECT_EQ(b.size(), 5u);
  EXPECT_EQ(std::count(b.begin(), b.end(), "NEW=n"), 1);
  EXPECT_EQ(std::count(b.begin(), b.end(), "PATH=/sbin"), 1);
  EXPECT_EQ(std::count(b.begin(), b.end(), "PATH=/bin"), 0);
}

TEST(environment, lets_the_last_change_of_a_name_win) {
  EXPECT_EQ(environment::empty().set("A", "1").set("A", "2").block(parent), block{"A=2"});
  EXPECT_EQ(environment::empty().set("A", "1").unset("A").block(parent), block{});
  EXPECT_EQ(environment::empty().unset("A").set("A", "3").block(parent), block{"A=3"});
}

TEST(environment, sets_over_and_unsets_what_it_passes) {
  EXPECT_EQ(environment::only({"PATH"}).set("PATH", "/x").block(parent), block{"PATH=/x"});
  EXPECT_EQ(environment::only({"PATH", "HOME"}).unset("PATH").block(parent), block{"HOME=/root"});
}

TEST(environment, unsetting_what_is_not_there_does_nothing) {
  EXPECT_EQ(environment::inherit().unset("NOT_THERE").block(parent), environment().block(parent));
}

TEST(environment, keeps_values_as_bytes) {
  const block b = environment::empty().set("A", "x=y\n\xff z").set("B", "").block(nullptr);
  EXPECT_EQ(b, (block{"A=x=y\n\xff z", "B="}));
}

TEST(environment, drops_entries_of_the_parent_that_have_no_name) {
  const char* const odd[] = {"NO_EQUALS", "A=1", "", "=nameless", "=", nullptr};
  EXPECT_EQ(environment().block(odd), block{"A=1"});
  EXPECT_EQ(environment::only({"NO_EQUALS", "", "A"}).block(odd), block{"A=1"});
}

// What getenv(3) sees is the first; a program that reads the last must not get another value.
TEST(environment, gives_a_name_that_the_parent_has_twice_once_as_getenv_sees_it) {
  const char* const twice[] = {"A=first", "B=b", "A=second", nullptr};
  EXPECT_EQ(environment().block(twice), (block{"A=first", "B=b"}));
  EXPECT_EQ(environment::only({"A"}).block(twice), block{"A=first"});
  EXPECT_EQ(environment::inherit().unset("A").block(twice), block{"B=b"});
  const block set = environment::inherit().set("A", "new").block(twice);
  EXPECT_EQ(set.size(), 2u);
  EXPECT_EQ(std::count(set.begin(), set.end(), "A=new"), 1);
}

TEST(environment, works_without_a_parent) {
  const char* const none[] = {nullptr};
  EXPECT_EQ(environment().block(none), block{});
  EXPECT_EQ(environment().set("A", "1").block(nullptr), block{"A=1"});
}

TEST(environment, tells_its_changes_in_the_order_they_were_made) {
  const environment e = environment::only({"P"}).set("A", "1").unset("B").pass("Q");
  EXPECT_EQ(e.passed(), (block{"P", "Q"}));
  ASSERT_EQ(e.changes().size(), 2u);
  EXPECT_EQ(e.changes()[0].name, "A");
  EXPECT_EQ(e.changes()[0].value, "1");
  EXPECT_FALSE(e.changes()[0].removed);
  EXPECT_EQ(e.changes()[1].name, "B");
  EXPECT_TRUE(e.changes()[1].removed);
}

TEST(environment, is_a_value_whose_copies_are_apart) {
  environment one = environment::empty();
  environment two = one;
  two.set("A", "1");
  EXPECT_EQ(one.block(parent), block{});
  EXPECT_EQ(two.block(parent), block{"A=1"});
}

}  // namespace
