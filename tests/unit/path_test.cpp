// Which files a program's name may stand for.
// SPDX-License-Identifier: Apache-2.0
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "spawn/plan.hpp"

namespace {

using brood::detail::path_candidates;
using list = std::vector<std::string>;

TEST(path_candidates, of_a_name_are_in_each_directory_in_order) {
  EXPECT_EQ(path_candidates("ls", "/usr/bin:/bin"), (list{"/usr/bin/ls", "/bin/ls"}));
  EXPECT_EQ(path_candidates("ls", "/bin"), (list{"/bin/ls"}));
}

TEST(path_candidates, of_a_name_with_a_slash_are_itself) {
  for (const char* name : {"/bin/ls", "./ls", "../ls", "a/b", "ls/", "/"}) {
    EXPECT_EQ(path_candidates(name, "/usr/bin:/bin"), (list{name}));
    EXPECT_EQ(path_candidates(name, ""), (list{name}));
  }
}

TEST(path_candidates, pass_over_empty_entries) {
  for (const char* path : {"", ":", "::", ":::"}) {
    EXPECT_EQ(path_candidates("ls", path), list{}) << path;
  }
  for (const char* path : {":/bin", "/bin:", "::/bin::", ":/bin:"}) {
    EXPECT_EQ(path_candidates("ls", path), (list{"/bin/ls"})) << path;
  }
  EXPECT_EQ(path_candidates("ls", "/a::/b"), (list{"/a/ls", "/b/ls"}));
}

TEST(path_candidates, do_not_double_a_slash) {
  EXPECT_EQ(path_candidates("ls", "/bin/:/"), (list{"/bin/ls", "/ls"}));
}

TEST(path_candidates, take_relative_directories_when_they_are_said) {
  EXPECT_EQ(path_candidates("ls", ".:bin"), (list{"./ls", "bin/ls"}));
}

TEST(path_candidates, keep_doubles_blanks_and_odd_bytes) {
  EXPECT_EQ(path_candidates("a b", "/x y:/x y"), (list{"/x y/a b", "/x y/a b"}));
  EXPECT_EQ(path_candidates("\xff", "/\xfe"), (list{"/\xfe/\xff"}));
  EXPECT_EQ(path_candidates("..", "/bin"), (list{"/bin/.."}));
}

TEST(path_candidates, of_no_name_are_the_directories_themselves) {
  EXPECT_EQ(path_candidates("", "/bin"), (list{"/bin/"}));
}

}  // namespace
