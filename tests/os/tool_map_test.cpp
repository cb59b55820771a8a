// brood map as a whole: whole output, bounded memory, arguments, resuming.
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <brood/run.hpp>

#include "support/bare.hpp"
#include "support/clean.hpp"
#include "support/files.hpp"
#include "support/helper.hpp"

namespace {

using namespace std::chrono_literals;
using support::bare_process;
using support::finished;
using support::helper;
using support::map;
using support::none_survive;
using ::testing::HasSubstr;
using words = std::vector<std::string>;

class ToolMap : public support::os_test {};

// --- output --------------------------------------------------------------------------------------

/// Each job writes "N: line K" for a thousand K.
std::map<std::string, std::size_t> lines_by_job(const std::string& out, bool contiguous) {
  std::map<std::string, std::size_t> next;
  std::string current;
  for (const std::string& line : support::split_lines(out)) {
    const std::size_t tab = line.find('\t');
    const std::string job = line.substr(0, tab);
    EXPECT_EQ(line.substr(tab + 1), "line " + std::to_string(next[job])) << "of " << job;
    const bool mixed = contiguous && job != current && next[job] != 0;
    EXPECT_FALSE(mixed) << line;
    current = job;
    ++next[job];
  }
  return next;
}

TEST_F(ToolMap, LinesOfJobsAreNeverMixed) {
  for (const std::string mode : {"--group", "--lb"}) {
    const finished end =
        support::run_bare(map({mode, "--tag", "-j4", helper(), "spam-lines", "{1}", ":::", "5000",
                               ":::", "a", "b", "c", "d", "e", "f"}));
    EXPECT_EQ(end.code, 0) << end.err;
    const auto seen = lines_by_job(end.out, mode == "--group");
    EXPECT_EQ(seen.size(), 6U);
    for (const auto& [job, count] : seen) EXPECT_EQ(count, 5000U) << job;
  }
}

TEST_F(ToolMap, OrderIsKept) {
  // The first one ends last.
  const finished end = support::run_bare(
      map({"-k",
           "-j4",
           helper(),
           "exec",
           "/bin/sh",
           "-c",
           "[ $0 -gt 1 ] || while [ ! -e last ]; do :; done; echo $0; [ $0 -lt 40 ] || : > last",
           "{}",
           ":::",
           "1",
           "2",
           "3",
           "4",
           "5",
           "6",
           "7",
           "8",
           "9",
           "10",
           "11",
           "40"}));
  EXPECT_EQ(end.out, "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n40\n");
}

TEST_F(ToolMap, WhatStaysBehindDoesNotWriteIntoTheNextJobsOutput) {
  // Not sealed: the first job's child goes on, and writes when the second one runs.
  const finished end = support::run_bare(
      map({"-j1", "--tag", "--contain", "process", helper(), "exec", "/bin/sh", "-c",
           "if [ $0 = 1 ]; then (until [ -e second ]; do :; done; echo late; : > done) & echo one; "
           "else : > second; until [ -e done ]; do :; done; echo two; fi",
           "{}", ":::", "1", "2"}));
  // The next job may run before the output of the first one was read, and then the line is there.
  const std::string late = end.out.find("late") == std::string::npos ? "" : "1\tlate\n";
  EXPECT_EQ(end.out, "1\tone\n" + late + "2\ttwo\n");
  EXPECT_TRUE(none_survive());
}

/// Of the largest process of a call of the tool, in bytes.
std::uint64_t most_memory(const words& argv, const std::string& input = {}) {
  brood::options o;
  o.input = input;
  o.out = brood::DEVNULL;
  const auto r = brood::run(argv, o);
  EXPECT_TRUE(r.success()) << r.status.to_string();
  return r.usage.max_rss_bytes;
}

TEST_F(ToolMap, MuchOutputTakesNoMemory) {
  if (!support::memory_counts) GTEST_SKIP() << "a sanitizer has its own";
  constexpr std::uint64_t most = 16 << 20;
  EXPECT_LT(most_memory(map({"-j2", helper(), "spam", "{}", ":::", "128M", "128M"})), most);
  EXPECT_LT(most_memory(map({"-k", "--lb", helper(), "spam", "{}", ":::", "64M", "64M"})), most);
  EXPECT_LT(most_memory(map({"--json", helper(), "spam", "{}", ":::", "64M"})), most);
  EXPECT_LT(most_memory(map({"--tag", helper(), "spam", "{}", ":::", "64M"})), most);
}

TEST_F(ToolMap, ManyArgumentsTakeNoMemory) {
  if (!support::memory_counts) GTEST_SKIP() << "a sanitizer has its own";
  std::string input;
  for (int i = 0; i < 500'000; ++i) input += std::to_string(i) + "\n";
  EXPECT_LT(most_memory(map({"-n", "1000", helper(), "args"}), input), 16U << 20);
}

TEST_F(ToolMap, TheFirstJobStartsBeforeTheInputEnds) {
  support::bare_options open;
  open.input = "first\n";
  open.keep_input_open = true;
  bare_process tool(map({"-j2", helper(), "echo"}), open);
  tool.read_until("first\n");
  tool.write("second\n");
  tool.read_until("second\n");
  tool.close_input();
  EXPECT_EQ(tool.wait().code, 0);
}

TEST_F(ToolMap, AFullDiskIsSaidAndStopsTheBatch) {
  if (::geteuid() != 0) GTEST_SKIP() << "a file system of its own takes root";
  ASSERT_EQ(::mkdir("small", 0777), 0);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    if (::unshare(CLONE_NEWNS) != 0 ||
        ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0 ||
        ::mount("tmpfs", "small", "tmpfs", 0, "size=256k") != 0) {
      _exit(77);
    }
    ::setenv("TMPDIR", path("small").c_str(), 1);
    const int err = ::open("said", O_WRONLY | O_CREAT, 0666);
    ::dup2(err, STDERR_FILENO);
    const int out = ::open("shown", O_WRONLY | O_CREAT, 0666);
    ::dup2(out, STDOUT_FILENO);
    const std::string t = support::tool();
    const std::string h = helper();
    ::execl(t.c_str(), t.c_str(), "map", "-j1", h.c_str(), "spam", "{}", ":::", "1M", "10",
            static_cast<char*>(nullptr));
    _exit(98);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  if (WEXITSTATUS(status) == 77) GTEST_SKIP() << "no mount namespace";
  EXPECT_EQ(WEXITSTATUS(status), 125);
  EXPECT_THAT(support::read_file("said"), HasSubstr("is incomplete: No space left on device"));
}

TEST_F(ToolMap, ArgumentsAreBytes) {
  const words evil{"a b", "$(id)",    "`id`", "'",    "\"", "\\",
                   "*",   "\xff\xfe", "-n",   "a\nb", "\t", ""};
  std::string input;
  for (const std::string& e : evil) input += e + '\0';
  const finished end = support::run_bare(map({"-0", "-j1", helper(), "args"}), input);
  std::string expected;
  for (const std::string& e : evil) expected += "0:" + helper() + "\n1:" + e + "\n";
  EXPECT_EQ(end.out, expected);
  // The same through a shell, in quotes and without.
  const finished shell = support::run_bare(
      map({"-0", "-j1", "--shell", "'" + helper() + "'", "args", "{}", "'x{}'", "\"y{}\""}), input);
  expected.clear();
  for (const std::string& e : evil) {
    expected += "0:" + helper() + "\n1:" + e + "\n2:x" + e + "\n3:y" + e + "\n";
  }
  EXPECT_EQ(shell.out, expected) << shell.err;
}

TEST_F(ToolMap, NoMoreThanSoManyAtOnce) {
  std::string input;
  for (int i = 0; i < 30; ++i) input += std::to_string(i) + "\n";
  const finished end = support::run_bare(
      map({"-j3", helper(), "exec", "/bin/sh", "-c", "mkdir slot{%} && rmdir slot{%} && echo {%}"}),
      input);
  EXPECT_EQ(end.code, 0) << end.err;  // two in one slot would meet
  for (const std::string& slot : support::split_lines(end.out)) {
    EXPECT_THAT(slot, ::testing::AnyOf("1", "2", "3"));
  }
}

// --- the journal ---------------------------------------------------------------------------------

TEST_F(ToolMap, KilledAgainAndAgainAndResumedEveryJobIsDoneInTheEnd) {
  constexpr int jobs = 60;
  words argv =
      map({"-q", "-j2", "--resume", helper(), "sleep", "0.002", "+", "ready", "{}", ":::"});
  for (int i = 0; i < jobs; ++i) argv.push_back("mark" + std::to_string(i));
  for (int round = 0; round < 6; ++round) {
    bare_process tool(argv);
    // At some moment: the more jobs are done, the later.
    const std::string mark = "mark" + std::to_string(round * 8);
    support::wait_for_file_line_count(mark, 1);
    tool.signal(SIGKILL);
    (void)tool.wait();
    EXPECT_TRUE(none_survive());
  }
  EXPECT_EQ(support::run_bare(argv).code, 0);
  for (int i = 0; i < jobs; ++i) {
    EXPECT_GE(support::lines_of("mark" + std::to_string(i)).size(), 1U) << i;
  }
  // All are done, says the journal, too.
  words again = argv;
  again.insert(again.begin() + 2, "--explain");
  again.erase(std::find(again.begin(), again.end(), "-q"));
  const finished end = support::run_bare(again);
  EXPECT_EQ(end.code, 0);
  EXPECT_THAT(end.err, ::testing::Not(HasSubstr(" runs: ")));
}

TEST_F(ToolMap, OneRunAtATime) {
  bare_process first(
      map({"--lock", "--lb", helper(), "out", "on\\n", "+", "wait-signal", "{}", ":::", "TERM"}));
  first.read_until("on\n");
  bare_process second(map({"--lock", helper(), "echo", ":::", "second"}));
  EXPECT_FALSE(support::wait_gone(second.pid(), 200ms));
  first.signal(SIGTERM);
  (void)first.wait();
  const finished end = second.wait();
  EXPECT_EQ(end.out, "second\n");
  EXPECT_THAT(end.err, HasSubstr("waiting"));
}

}  // namespace
