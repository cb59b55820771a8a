// brood map and how much a job gets: lists of arguments that execve(2) takes, blocks of input.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cstddef>
#include <cstdio>
#include <string>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <brood/run.hpp>

#include "support/bare.hpp"
#include "support/clean.hpp"
#include "support/files.hpp"
#include "support/helper.hpp"

namespace {

using support::finished;
using support::helper;
using support::map;
using ::testing::ElementsAre;
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

// --- blocks --------------------------------------------------------------------------------------

/// A line for each job: how many bytes it got.
std::vector<std::string> sizes(const words& argv, const std::string& input = {}) {
  const finished end = support::run_bare(argv, input);
  EXPECT_EQ(end.code, 0) << end.err;
  return support::split_lines(end.out);
}

std::string lines_of(std::size_t bytes) {
  std::string text;
  while (text.size() < bytes) text += std::string(63, 'x') + '\n';
  return text;
}

TEST_F(ToolMapInput, AFileIsCutByPosition) {
  support::write_file("file", lines_of(640) + "last");
  EXPECT_THAT(sizes(map({"-k", "--pipe", "-a", "file", "--block", "200", "wc", "-c"})),
              ElementsAre("192", "192", "192", "68"));
  EXPECT_THAT(sizes(map({"-k", "--pipe", "-a", "file", "-n", "7", "wc", "-c"})),
              ElementsAre("448", "196"));
  // What reads stdin after us finds what is left, and what came before us is not ours.
  EXPECT_THAT(
      sizes({"/bin/sh", "-c",
             "{ head -c 0; read x; \"$1\" map -j1 -k --pipe --block 200 --halt soon,done=1 wc "
             "-c; wc -c; } < file",
             "sh", support::tool()}),
      ElementsAre("192", ::testing::_));
  EXPECT_THAT(sizes(map({"-k", "--pipe", "-a", "file", "--retry", "2,0", "wc", "-c"})),
              ElementsAre("644"));
  // Jobs that read nothing.
  EXPECT_THAT(sizes(map({"-k", "--pipe", "-a", "file", "--block", "320", "echo", "{#}"})),
              ElementsAre("1", "2", "3"));
}

TEST_F(ToolMapInput, ABlockOfAFileIsTheSameWhereverItIs) {
  support::write_file("file", lines_of(640));
  const words argv = map({"-k", "--resume", "--pipe", "-a", "file", "--block", "320", "wc", "-c"});
  EXPECT_EQ(sizes(argv).size(), 2U);
  support::write_file("file", lines_of(640) + "more\n");
  EXPECT_THAT(sizes(argv), ElementsAre("5"));
  // A pipe gives the same blocks.
  EXPECT_TRUE(sizes(map({"-k", "--resume", "--pipe", "--block", "320", "wc", "-c"}),
                    lines_of(640) + "more\n")
                  .empty());
}

TEST_F(ToolMapInput, BlocksOfAFileAreNotInMemory) {
  if (!support::memory_counts) GTEST_SKIP() << "a sanitizer has its own";
  constexpr std::size_t block = 64 << 20;
  // In pieces: a program begins with what its parent had in memory, as the kernel counts it.
  const std::string part = lines_of(1 << 20);
  FILE* const file = std::fopen("file", "w");
  for (int i = 0; i < 192; ++i)
    ASSERT_EQ(std::fwrite(part.data(), 1, part.size(), file), part.size());
  std::fclose(file);
  brood::options o;
  o.capture_output = true;
  for (const char* const size : {"64M", "200M"}) {
    const auto r =
        brood::run(map({"-j2", "--pipe", "-a", "file", "--block", size, helper(), "swallow"}), o);
    EXPECT_TRUE(r.success()) << r.err;
    EXPECT_LT(r.usage.max_rss_bytes, block / 2);
  }
}

TEST_F(ToolMapInput, ALongRecordIsReadInOneGo) {
  // What is quadratic takes minutes for it.
  EXPECT_THAT(sizes({"/bin/sh", "-c",
                     "{ head -c 104857600 /dev/zero | tr '\\0' x; echo; echo y; } | "
                     "\"$1\" map -k --pipe --no-journal wc -c",
                     "sh", support::tool()}),
              ElementsAre("104857601", "2"));
}

}  // namespace
