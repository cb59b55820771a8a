// Halt policies, numbers of jobs, estimates, medians, bounded files, order of output.
// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <string>
#include <string_view>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "columns.hpp"
#include "exit.hpp"
#include "map/capped.hpp"
#include "map/eta.hpp"
#include "map/halt.hpp"
#include "map/median.hpp"
#include "map/outcome.hpp"
#include "map/printer.hpp"
#include "map/progress.hpp"
#include "map/results_writer.hpp"
#include "map/settings.hpp"
#include "map/start_throttle.hpp"
#include "spool.hpp"

namespace {

using cli::halt_policy;

bool halts(const char* policy, std::uint64_t done, std::uint64_t failed) {
  return cli::parse_halt(policy).reached({done, failed});
}

TEST(MapHalt, Numbers) {
  EXPECT_FALSE(halts("never", 100, 100));
  EXPECT_FALSE(halts("now,fail=2", 5, 1));
  EXPECT_TRUE(halts("now,fail=2", 5, 2));
  EXPECT_FALSE(halts("soon,success=2", 3, 2));
  EXPECT_TRUE(halts("soon,success=2", 4, 2));
  EXPECT_TRUE(halts("soon,done=3", 3, 3));
  EXPECT_EQ(cli::parse_halt("soon,done=3").when, halt_policy::moment::soon);
  EXPECT_EQ(cli::parse_halt("now,done=3").when, halt_policy::moment::now);
}

TEST(MapHalt, SharesCountFromThreeJobsOn) {
  EXPECT_FALSE(halts("now,fail=50%", 2, 2));
  EXPECT_TRUE(halts("now,fail=50%", 4, 2));
  EXPECT_FALSE(halts("now,fail=50%", 5, 2));
}

TEST(MapHalt, Mistakes) {
  for (const char* bad : {"", "now", "now,fail", "now,fail=", "now,fail=0", "now,fail=x",
                          "now,fail=1.5", "now,fail=101%", "now,fail=-1", "later,fail=1",
                          "now,fails=1", "fail=1", "now,fail=1x", "now,fail=nan", "3", "101%"}) {
    EXPECT_THROW(cli::parse_halt(bad), cli::failure) << bad;
  }
}

TEST(MapHalt, TakesTheNumbersOfGnuParallel) {
  const auto same = [](const char* number, const char* meaning) {
    const cli::halt_policy a = cli::parse_halt(number);
    const cli::halt_policy b = cli::parse_halt(meaning);
    return a.when == b.when && a.what == b.what && a.number == b.number && a.percent == b.percent;
  };
  EXPECT_TRUE(same("0", "never"));
  EXPECT_TRUE(same("1", "soon,fail=1"));
  EXPECT_TRUE(same("2", "now,fail=1"));
  EXPECT_TRUE(same("-1", "soon,success=1"));
  EXPECT_TRUE(same("-2", "now,success=1"));
  EXPECT_TRUE(same("30%", "soon,fail=30%"));
}

TEST(MapThrottle, SaysWhatItWaitsFor) {
  cli::map_settings s;
  s.free_memory = std::uint64_t{1} << 60;
  cli::start_throttle t(s);
  EXPECT_EQ(t.reason(), "");
  EXPECT_GT(t.closed_until(1), 1);
  EXPECT_THAT(t.reason(), ::testing::StartsWith("1.1e+12 MiB of free memory ("));
  s.free_memory = 1;
  EXPECT_EQ(t.closed_until(2'000'000'000), 0);
  EXPECT_EQ(t.reason(), "");
}

TEST(MapJobs, HowMany) {
  EXPECT_EQ(cli::resolve(cli::parse_job_count("3")), 3);
  const int cpus = cli::resolve({});
  EXPECT_GE(cpus, 1);
  EXPECT_EQ(cli::resolve(cli::parse_job_count("+2")), cpus + 2);
  EXPECT_EQ(cli::resolve(cli::parse_job_count("-1000")), 1);
  EXPECT_EQ(cli::resolve(cli::parse_job_count("100%")), cpus);
  EXPECT_GT(cli::resolve(cli::parse_job_count("0")), 1);
  for (const char* bad : {"", "x", "-", "+", "0%", "+5%", "1.5", "-x", "1000001", "%"}) {
    EXPECT_THROW(cli::parse_job_count(bad), cli::failure) << bad;
  }
}

TEST(MapEta, Estimates) {
  EXPECT_FALSE(cli::seconds_left({0, 10, 5}));
  EXPECT_FALSE(cli::seconds_left({5, {}, 5}));
  EXPECT_DOUBLE_EQ(*cli::seconds_left({5, 10, 5}), 10);
  EXPECT_DOUBLE_EQ(*cli::rate_of({5, 10, 2}), 2.5);
}

TEST(MapEta, Spelling) {
  EXPECT_EQ(cli::spell_seconds(0.42), "0.4 s");
  EXPECT_EQ(cli::spell_seconds(9.97), "10 s");
  EXPECT_EQ(cli::spell_seconds(59.6), "1 min 0 s");
  EXPECT_EQ(cli::spell_seconds(200), "3 min 20 s");
  EXPECT_EQ(cli::spell_seconds(7500), "2 h 5 min");
  EXPECT_EQ(cli::spell_seconds(86400), "1 d 0 h");
  EXPECT_EQ(cli::spell_seconds(356400), "4 d 3 h");
  EXPECT_EQ(cli::spell_rate(250.4), "250/s");
  EXPECT_EQ(cli::spell_rate(2.5), "2.5/s");
  EXPECT_EQ(cli::spell_rate(0.2), "12/min");
  EXPECT_EQ(cli::spell_rate(0.001), "4/h");
}

TEST(Columns, LinesFitAndCarryNoControls) {
  EXPECT_EQ(cli::fit("abcdef", 3), "abc");
  EXPECT_EQ(cli::fit("a\tb\x01", 20), "a b ");
  EXPECT_EQ(cli::fit("äöü", 2), "äö");
  EXPECT_EQ(cli::fit("漢字漢字", 5), "漢字");
  EXPECT_EQ(cli::fit("a漢字", 4), "a漢");
  EXPECT_EQ(cli::fit("e\u0301e\u0301x", 2), "e\u0301e\u0301");  // combining
  EXPECT_EQ(cli::fit("한글 🐣!", 7), "한글 🐣");
  EXPECT_EQ(cli::fit("a\xFF"
                     "b",
                     2),
            "a\uFFFD");
}

TEST(Columns, WhatAReturnWritesOverIsNotShown) {
  EXPECT_EQ(cli::as_shown("10%\r50%\r100%"), "100%");
  EXPECT_EQ(cli::as_shown("10%\r50%\r"), "50%");
  EXPECT_EQ(cli::as_shown("line\r\n"), "line");
  EXPECT_EQ(cli::as_shown("\r"), "");
}

TEST(Columns, EscapeSequencesAreDroppedWhole) {
  EXPECT_EQ(cli::as_shown("a\x1b[31mb\x1b[0;1;38:5:9mc\x1b[K"), "abc");
  EXPECT_EQ(cli::as_shown("a\x1b[?25l\x1b[>4;2mb\x1b(Bc\x1b"
                          "7d\x1bMe"),
            "abcde");
  EXPECT_EQ(cli::as_shown("a\x1b]0;title\x07"
                          "b\x1b]8;;http://x\x1b\\link\x1b]8;;\x1b\\"),
            "ablink");
  EXPECT_EQ(cli::as_shown("a\x1bP1$rx\x1b\\b\x1b_apc\x1b\\c"), "abc");
  EXPECT_EQ(cli::as_shown("a\u009b31mb\x9b"
                          "1mc"),
            "abc");                           // CSI of C1
  EXPECT_EQ(cli::as_shown("a\x1b[31"), "a");  // not finished
  EXPECT_EQ(cli::as_shown("a\x1b"), "a");
  EXPECT_EQ(cli::as_shown("a\u202Eb"), "ab");
}

TEST(MapProgress, Summary) {
  cli::batch_state s;
  s.done = 12;
  s.failed = 1;
  s.running = 2;
  EXPECT_EQ(cli::summary(s, 4), "12 done, 1 failed, 2 running, 3.0/s");
  s.total = 50;
  s.skipped = 10;
  EXPECT_EQ(cli::summary(s, 4),
            "12 of 40 done, 1 failed, 2 running, 10 skipped, 3.0/s, 9.3 s left");
  s.waits_for = "a load below 4 (5.2)";
  EXPECT_THAT(cli::summary(s, 4), ::testing::EndsWith(" left, waiting for a load below 4 (5.2)"));
}

TEST(MapOutcome, NamesWhatBecameOfTheJobsAndTheWayOn) {
  const auto said = [](cli::batch_outcome o) { return cli::to_text(o); };
  EXPECT_EQ(said({.ok = 11, .failed = 1, .stopped = 3, .not_started = 15}),
            "11 ok, 1 failed, 3 stopped, 15 not started");
  EXPECT_EQ(said({.ok = 11, .stopped = 3, .not_started = 15, .journal = true}),
            "11 ok, 3 stopped, 15 not started; --resume goes on");
  EXPECT_EQ(said({.failed = 1, .stopped = 1, .journal = true}),
            "0 ok, 1 failed, 1 stopped; --resume goes on; 'brood report --failed' has more");
  EXPECT_EQ(said({.ok = 2, .stopped = 1, .not_started = {}}), "2 ok, 1 stopped, more not started");
  EXPECT_EQ(said({.ok = 2, .skipped = 5, .journal = true}), "2 ok, 5 had succeeded before");
  EXPECT_EQ(said({.skipped = 5, .journal = true}), "nothing to do, 5 had succeeded before");
}

TEST(MapMedian, OfThreeAndMore) {
  cli::median_of_last m;
  m.add(5);
  m.add(1);
  EXPECT_FALSE(m.get());
  m.add(3);
  EXPECT_EQ(m.get(), 3);
  for (int i = 0; i < 2000; ++i) m.add(100);
  EXPECT_EQ(m.get(), 100);
}

class Spooled : public ::testing::Test {
 protected:
  void TearDown() override { ::close(file_); }
  std::string kept(const cli::capped_file& f) const {
    std::string all;
    for (const cli::extent& e : f.parts()) {
      std::string part(e.length, '\0');
      EXPECT_EQ(::pread(file_, part.data(), part.size(), static_cast<off_t>(e.from)),
                static_cast<ssize_t>(part.size()));
      all += part;
    }
    return all;
  }
  int file_ = cli::make_spool(false);
};

TEST_F(Spooled, HeadTailAndBoth) {
  using brood::overflow;
  for (const std::size_t step : {1U, 3U, 26U}) {
    const auto fill = [&](cli::capped_file& f) {
      const std::string_view all = "abcdefghijklmnopqrstuvwxyz";
      for (std::size_t i = 0; i < all.size(); i += step) f.add(all.substr(i, step));
    };
    cli::capped_file head(file_, {5, overflow::keep_head});
    fill(head);
    EXPECT_EQ(kept(head), "abcde");
    EXPECT_EQ(head.omitted(), 21U);
    EXPECT_EQ(head.total(), 26U);
    EXPECT_FALSE(head.exceeded());
    cli::capped_file tail(file_, {5, overflow::keep_tail});
    fill(tail);
    EXPECT_EQ(kept(tail), "vwxyz");
    EXPECT_EQ(tail.omitted(), 21U);
    cli::capped_file both(file_, {5, overflow::keep_head_tail});
    fill(both);
    EXPECT_EQ(kept(both), "abcyz");
    EXPECT_EQ(both.omitted(), 21U);
    cli::capped_file all(file_, {26, overflow::keep_tail});
    fill(all);
    EXPECT_EQ(kept(all), "abcdefghijklmnopqrstuvwxyz");
    EXPECT_EQ(all.omitted(), 0U);
    cli::capped_file error(file_, {5, overflow::error});
    fill(error);
    EXPECT_EQ(kept(error), "abcde");
    EXPECT_TRUE(error.exceeded());
  }
}

TEST_F(Spooled, AnExactFitIsNotTooMuch) {
  cli::capped_file f(file_, {3, brood::overflow::error});
  f.add("abc");
  EXPECT_FALSE(f.exceeded());
  f.add("");
  EXPECT_FALSE(f.exceeded());
  f.add("d");
  EXPECT_TRUE(f.exceeded());
}

TEST_F(Spooled, OutputWaitsForItsTurn) {
  const int shown = cli::make_spool();
  const auto text = [&] {
    std::string all(100, '\0');
    all.resize(static_cast<std::size_t>(std::max<ssize_t>(0, ::pread(shown, all.data(), 100, 0))));
    return all;
  };
  cli::printer p(true, {});
  p.show(3, "three\n", shown);
  p.finish(3);
  p.show(2, "two ", shown);
  EXPECT_EQ(text(), "");
  p.show(1, "one\n", shown);
  EXPECT_EQ(text(), "one\n");
  p.finish(1);
  EXPECT_EQ(text(), "one\ntwo ");  // it is its turn, and it goes on
  p.show(2, "more\n", shown);
  p.finish(2);
  EXPECT_EQ(text(), "one\ntwo more\nthree\n");
  EXPECT_EQ(p.turn(), 4U);
  p.show(6, "six\n", shown);
  p.show(5, "five\n", shown);
  p.flush();  // four will not come
  EXPECT_EQ(text(), "one\ntwo more\nthree\nfive\nsix\n");
  ::close(shown);
}

TEST(MapResults, ComponentsOfPaths) {
  EXPECT_EQ(cli::as_component("a b"), "a b");
  EXPECT_EQ(cli::as_component("a/b\\c"), "a\\_b\\\\c");
  EXPECT_EQ(cli::as_component(".."), "\\..");
  EXPECT_EQ(cli::as_component(""), "\\e");
  const std::string longer(300, 'x');
  EXPECT_LE(cli::as_component(longer).size(), 255U);
  EXPECT_NE(cli::as_component(longer), cli::as_component(longer + "y"));
}

}  // namespace
