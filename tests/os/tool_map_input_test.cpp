// brood map and how much a job gets: lists of arguments that execve(2) takes, blocks of input.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/bare.hpp"
#include "support/clean.hpp"
#include "support/files.hpp"
#include "support/helper.hpp"

namespace {

using support::finished;
using support::helper;
using support::map;
using words = std::vector<std::string>;

class ToolMapInput : public support::os_test {};

// --- packing -------------------------------------------------------------------------------------

std::string numbers_to(int n) {
  std::string all;
  for (int i = 1; i <= n; ++i) all += std::to_string(i) + "\n";
  return all;
}

/// Every argument comes out once, in few jobs.
void expect_packed(words argv, int count, std::size_t most_jobs) {
  const finished end = support::run_bare(argv, numbers_to(count));
  EXPECT_EQ(end.code, 0) << end.err;
  const auto jobs = static_cast<std::size_t>(std::count(end.out.begin(), end.out.end(), '\n'));
  EXPECT_LE(jobs, most_jobs);
  std::string out = end.out;
  std::replace(out.begin(), out.end(), ' ', '\n');
  EXPECT_TRUE(out == numbers_to(count));  // too much to print
}

TEST_F(ToolMapInput, AListIsAsLongAsTheJobsStackAllows) {
  expect_packed(map({"-k", "-n", "200000", "--stack", "1M", "/bin/echo"}), 200'000, 20);
  expect_packed(map({"-k", "-n", "200000", "--stack", "64K", "--env-clear", "/bin/echo"}), 20'000,
                20);
  expect_packed({"/bin/sh", "-c", "ulimit -s unlimited; exec \"$@\"", "sh", support::tool(), "map",
                 "-k", "-n", "1000000", "/bin/echo"},
                600'000, 3);
}

TEST_F(ToolMapInput, TheJobsEnvironmentTakesItsShare) {
  words argv = map({"-k", "-n", "200000", "--stack", "1M"});
  for (const char* const name : {"A", "B"}) {
    argv.insert(argv.end(), {"--env", name + std::string("=") + std::string(60'000, 'x')});
  }
  argv.emplace_back("/bin/echo");
  expect_packed(argv, 100'000, 20);
}

}  // namespace
