// Stream targets keep what they were made from.
// SPDX-License-Identifier: Apache-2.0
#include <vector>

#include <gtest/gtest.h>

#include <brood/stdio.hpp>

namespace {

using brood::stdio;
using kind = brood::stdio::kind;

TEST(stdio, is_made_from_a_name) {
  EXPECT_EQ(stdio(brood::INHERIT).what(), kind::inherit);
  EXPECT_EQ(stdio(brood::PIPE).what(), kind::pipe);
  EXPECT_EQ(stdio(brood::DEVNULL).what(), kind::devnull);
  EXPECT_EQ(stdio(brood::STDOUT).what(), kind::merge_stdout);
}

TEST(stdio, of_a_file_has_its_path_and_mode) {
  EXPECT_EQ(brood::file("log").what(), kind::file);
  EXPECT_EQ(brood::file("log").path(), "log");
  EXPECT_EQ(brood::file("log").mode(), "");
  EXPECT_EQ(brood::file("log", "a").mode(), "a");
}

TEST(stdio, of_a_descriptor_has_its_number) {
  EXPECT_EQ(brood::fd(7).what(), kind::descriptor);
  EXPECT_EQ(brood::fd(7).descriptor(), 7);
  EXPECT_EQ(stdio(brood::PIPE).descriptor(), -1);
}

TEST(stdio, of_a_tee_has_its_targets_in_order) {
  for (const stdio& t :
       {brood::tee(brood::PIPE, brood::file("log"), brood::fd(2)),
        brood::tee({brood::PIPE, brood::file("log"), brood::fd(2)}),
        brood::tee(std::vector<stdio>{brood::PIPE, brood::file("log"), brood::fd(2)})}) {
    EXPECT_EQ(t.what(), kind::tee);
    ASSERT_EQ(t.targets().size(), 3u);
    EXPECT_EQ(t.targets()[0].what(), kind::pipe);
    EXPECT_EQ(t.targets()[1].path(), "log");
    EXPECT_EQ(t.targets()[2].descriptor(), 2);
  }
}

TEST(stdio, of_a_tee_may_have_one_target) {
  const stdio t = brood::tee(brood::file("log"));
  ASSERT_EQ(t.targets().size(), 1u);
  EXPECT_EQ(t.targets()[0].path(), "log");
}

}  // namespace
