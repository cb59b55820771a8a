// Finding a jobserver in MAKEFLAGS, and putting one there.
// SPDX-License-Identifier: Apache-2.0
#include "jobserver/makeflags.hpp"

#include <gtest/gtest.h>

namespace {

using brood::detail::jobserver_in;
using brood::detail::with_jobserver;

TEST(Makeflags, TheLastJobserverCounts) {
  EXPECT_EQ(jobserver_in("kw -j3 --jobserver-auth=3,4"), "3,4");
  EXPECT_EQ(jobserver_in("--jobserver-fds=3,4 -j"), "3,4");
  EXPECT_EQ(jobserver_in("--jobserver-auth=3,4 --jobserver-auth=fifo:/x"), "fifo:/x");
  EXPECT_EQ(jobserver_in("\t --jobserver-fds=3,4\n--jobserver-auth="), "");
  EXPECT_EQ(jobserver_in("--jobserver-auth=fifo:/a\\ b\\\\c d"), "fifo:/a b\\c");
}

TEST(Makeflags, VariablesAreNotFlags) {
  EXPECT_EQ(jobserver_in(""), std::nullopt);
  EXPECT_EQ(jobserver_in("   "), std::nullopt);
  EXPECT_EQ(jobserver_in("ks -j4 -- X=1 --jobserver-auth=3,4"), std::nullopt);
  EXPECT_EQ(jobserver_in("--jobserver-auth=1,2 -- --jobserver-auth=3,4"), "1,2");
  EXPECT_EQ(jobserver_in("A=\\ --jobserver-auth=3,4"), std::nullopt);
  EXPECT_EQ(jobserver_in("--jobserver-auth"), std::nullopt);
  EXPECT_EQ(jobserver_in("x--jobserver-auth=1,2"), std::nullopt);
}

TEST(Makeflags, ABackslashAtTheEnd) {
  EXPECT_EQ(jobserver_in("--jobserver-auth=fifo:x\\"), "fifo:x\\");
  EXPECT_EQ(jobserver_in("\\"), std::nullopt);
  EXPECT_EQ(with_jobserver("k \\", "J"), "k \\ J");
}

TEST(Makeflags, OursReplacesTheirs) {
  EXPECT_EQ(with_jobserver("", "J"), "J");
  EXPECT_EQ(with_jobserver("ks", "J"), "ks J");
  EXPECT_EQ(with_jobserver("ks -j8 --jobserver-auth=3,4 -l2", "J"), "ks -l2 J");
  EXPECT_EQ(with_jobserver("-j 8 --jobs=3 --jobs 4 -j -k", "J"), "-k J");
  EXPECT_EQ(with_jobserver("k  -j3 -- A=b\\ c  B=-j3", "J"), "k J -- A=b\\ c  B=-j3");
  EXPECT_EQ(with_jobserver("-- A=b", "J"), "J -- A=b");
}

}  // namespace
