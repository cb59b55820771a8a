// Fakes: what is played instead of commands, under every way to start one.
// SPDX-License-Identifier: Apache-2.0
#include <signal.h>

#include <chrono>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <brood/brood.hpp>
#include <brood/testing.hpp>

#include "support/clean.hpp"
#include "support/files.hpp"
#include "support/helper.hpp"

namespace {

using namespace std::chrono_literals;
using brood::options;
using brood::reason;
using brood::testing::any;
using brood::testing::any_of;
using brood::testing::fake;
using brood::testing::rest;
using support::helper;

class Testing : public support::os_test {};

TEST_F(Testing, RunAndItsKinGetWhatTheScriptSays) {
  fake f;
  f.expect({"git", "status"}).out("clean\n").err("warning\n").exits(3).times(2);
  f.expect({"uname"}).out("Linux\n");
  const auto r = brood::run({"git", "status"}, {.capture_output = true, .cwd = "/no/such"});
  EXPECT_EQ(r.out, "clean\n");
  EXPECT_EQ(r.err, "warning\n");
  EXPECT_EQ(r.status.code(), 3);
  EXPECT_TRUE(r.complete);
  EXPECT_THROW(brood::check_call({"git", "status"}, {.out = brood::DEVNULL, .err = brood::DEVNULL}),
               brood::called_process_error);
  EXPECT_EQ(brood::check_output({"uname"}), "Linux\n");
  f.verify();
  EXPECT_EQ(f.calls().size(), 3U);
  EXPECT_EQ(f.calls()[0].cwd, "/no/such");
}

TEST_F(Testing, AnUnexpectedCommandIsAnErrorThatNamesIt) {
  fake f;
  f.expect({"git", "status"});
  const auto r = brood::try_run({"git", "push", "--force"}, {.retry = {.attempts = 3}});
  ASSERT_FALSE(r);
  EXPECT_NE(std::string(r.error().what()).find("git push --force"), std::string::npos);
  EXPECT_EQ(f.calls().size(), 1U) << "it was tried again";
  EXPECT_FALSE(f.calls()[0].expected);
  EXPECT_EQ(f.unmet(), (std::vector<std::string>{"git status (1 more)"}));
  EXPECT_THROW(f.verify(), brood::usage_error);
  EXPECT_TRUE(brood::run({"git", "status"}).success());
  EXPECT_FALSE(brood::try_run({"git", "status"})) << "more often than it was expected";
}

TEST_F(Testing, PatternsFitByWords) {
  fake f;
  f.expect({"convert", any(), any_of({"a.png", "b.png"})}).always().exits(1);
  f.expect({"git", rest()}).always().exits(2);
  const auto code = [](const brood::command& c) {
    const auto r = brood::try_run(c);
    return r ? r->status.code() : std::nullopt;
  };
  EXPECT_EQ(code({"convert", "x", "b.png"}), 1);
  EXPECT_EQ(code({"convert", "x", "c.png"}), std::nullopt);
  EXPECT_EQ(code({"convert", "x"}), std::nullopt);
  EXPECT_EQ(code({"convert", "x", "a.png", "more"}), std::nullopt);
  EXPECT_EQ(code({"git"}), 2);
  EXPECT_EQ(code({"git", "a", "b"}), 2);
  EXPECT_TRUE(f.unmet().empty());
}

TEST_F(Testing, CallsHaveTheirSurroundings) {
  fake f;
  f.expect({"tool", rest()}).always();
  (void)brood::run({"tool", "1"},
                   {.input = "fed", .env = brood::environment::empty().set("A", "1")});
  support::write_file(path("in"), "from a file");
  (void)brood::run({"tool", "2"}, {.in = brood::file(path("in"))});
  brood::process p = brood::spawn({"tool", "3"}, {.in = brood::PIPE, .out = brood::PIPE});
  p.in().write("written");
  p.in().close();
  EXPECT_TRUE(p.wait().code() == 0);
  (void)brood::spawn({"tool", "4"}, {.in = brood::PIPE}).communicate(std::string(300'000, 'x'));
  const auto calls = f.calls();
  ASSERT_EQ(calls.size(), 4U);
  EXPECT_EQ(calls[0].args, (std::vector<std::string>{"tool", "1"}));
  EXPECT_EQ(calls[0].env, (std::map<std::string, std::string>{{"A", "1"}}));
  EXPECT_EQ(calls[0].input, "fed");
  EXPECT_TRUE(calls[1].env.contains("PATH"));
  EXPECT_EQ(calls[1].input, "from a file");
  EXPECT_EQ(calls[2].input, "written");
  EXPECT_EQ(calls[3].input.size(), 300'000U);
}

TEST_F(Testing, OutputGoesWhereTheRealOneWouldGo) {
  fake f;
  f.expect({"tool"}).always().out("o1\no2\n").err("e\n");
  (void)brood::run({"tool"}, {.out = brood::file(path("out")), .err = brood::STDOUT});
  EXPECT_EQ(support::read_file(path("out")), "o1\no2\ne\n");
  EXPECT_EQ(brood::run({"tool"}, {.out = brood::PIPE, .err = brood::STDOUT}).out, "o1\no2\ne\n");
  std::vector<std::string> lines;
  (void)brood::run({"tool"}, {.on_line = [&](brood::output_stream, std::string_view line) {
                     lines.emplace_back(line);
                   }});
  EXPECT_EQ(lines.size(), 3U);
  brood::process p = brood::spawn({"tool"}, {.capture_output = true});
  EXPECT_EQ(p.out().read_line(), "o1\n");
  EXPECT_EQ(p.out().read_all(), "o2\n");
  EXPECT_EQ(p.err().read_all(), "e\n");
}

TEST_F(Testing, MuchOutputDoesNotNeedAReader) {
  fake f;
  const std::string much(5'000'000, 'x');
  f.expect({"tool"}).always().out(much);
  EXPECT_EQ(brood::run({"tool"}, {.out = brood::PIPE}).out, much);
  EXPECT_EQ(brood::run({"tool"}, {.out = brood::tee(brood::PIPE, brood::file(path("copy")))}).out,
            much);
  EXPECT_EQ(support::read_file(path("copy")), much);
  brood::process p = brood::spawn({"tool"}, {.out = brood::PIPE});
  EXPECT_EQ(p.wait().code(), 0);
  EXPECT_EQ(p.out().read_all(), much);
  brood::loop l;
  const options o{.out = brood::PIPE};
  EXPECT_EQ(brood::sync_wait(l, brood::async_run(l, {"tool"}, o)).out, much);
}

TEST_F(Testing, TimeAndSignals) {
  fake f;
  f.expect({"slow"}).takes(40ms).exits(7).times(2);
  f.expect({"server"}).takes(brood::duration::infinite()).always();
  f.expect({"stubborn"}).takes(1h).ignores(SIGTERM).always();
  f.expect({"crash"}).signaled(SIGSEGV);
  EXPECT_EQ(brood::run({"crash"}).status.signal(), SIGSEGV);
  brood::process p = brood::spawn({"slow"});
  EXPECT_FALSE(p.poll());
  EXPECT_FALSE(p.wait_for(1ms));
  EXPECT_EQ(p.wait().code(), 7);
  EXPECT_GE(brood::run({"slow"}).usage.wall, 40ms);
  for (const auto level : {brood::containment::tree, brood::containment::sealed}) {
    brood::process s = brood::spawn({"server"}, {.contain = level});
    EXPECT_EQ(::kill(s.pid(), 0), -1) << "a pid that somebody has";
    s.send_signal(SIGCONT);
    EXPECT_FALSE(s.poll());
    s.terminate();
    EXPECT_EQ(s.poll()->signal(), SIGTERM);
    EXPECT_EQ(brood::spawn({"server"}, {.contain = level}).stop().signal(), SIGTERM);
  }
  EXPECT_THROW((void)brood::run({"server"}, {.timeout = 30ms}), brood::timeout_expired);
  const auto r = brood::try_run({"stubborn"}, {.timeout = 10ms, .stop = {{SIGTERM, 20ms}, {9}}});
  ASSERT_NE(r.error().result(), nullptr);
  EXPECT_EQ(r.error().result()->status.signal(), SIGKILL);
}

TEST_F(Testing, AProgramThatIsMissing) {
  fake f;
  f.expect({"tool"}).fails();
  f.expect({"tool"}).fails(std::errc::permission_denied);
  EXPECT_EQ(brood::try_run({"tool"}).error().kind(), brood::error_kind::not_found);
  EXPECT_EQ(brood::try_run({"tool"}).error().kind(), brood::error_kind::denied);
}

TEST_F(Testing, PoolsRetriesAndLoops) {
  fake f;
  f.expect({"flaky"}).exits(1).out("no").times(2);
  f.expect({"flaky"}).out("yes");
  f.expect({"job", any()}).always().takes(5ms).out("done");
  const options twice{.out = brood::PIPE, .retry = {.attempts = 5, .delay = 1ms}};
  const auto r = brood::run({"flaky"}, twice);
  EXPECT_EQ(r.out, "yes");
  EXPECT_EQ(r.attempts.size(), 2U);
  EXPECT_EQ(f.calls()[2].env.at("BROOD_ATTEMPT"), "3");
  brood::pool pool({.max_workers = 8});
  std::vector<brood::command> commands;
  for (int i = 0; i < 50; ++i) commands.push_back({"job", std::to_string(i)});
  for (const auto& one : pool.map(commands, {.out = brood::PIPE})) EXPECT_EQ(one.out, "done");
  EXPECT_THROW((void)pool.submit({"other"}).result(), brood::usage_error);
  brood::loop l;
  std::vector<brood::task<brood::completed_process>> all;
  for (const auto& c : commands) all.push_back(brood::async_run(l, c));
  EXPECT_EQ(brood::sync_wait(l, when_all(std::move(all))).size(), 50U);
}

TEST_F(Testing, PipelinesMayBePlayedInPart) {
  fake f;
  f.expect({"git", "log"}).out("fix a\nadd b\nfix c\n").times(2);
  f.expect({"wc"}).out("3\n");
  f.allow_others();
  const brood::command log{"git", "log"};
  EXPECT_EQ(brood::run(log | brood::command{"wc"}, {.out = brood::PIPE}).out, "3\n");
  EXPECT_EQ(f.calls()[1].input, "fix a\nadd b\nfix c\n");
  EXPECT_EQ(brood::run(log | brood::command{helper(), "cat"}, {.out = brood::PIPE}).out,
            "fix a\nadd b\nfix c\n");
  EXPECT_FALSE(f.calls()[3].expected);
  f.verify();
}

TEST_F(Testing, WhatWasRecordedCanBeReplayed) {
  const std::string file = path("recording");
  const brood::command bytes{helper(), "out", "a\\xff\\n\"q\""};
  const options captured{.capture_output = true};
  {
    fake f;
    f.record(file);
    EXPECT_EQ(brood::run(bytes, captured).out, "a\xff\n\"q\"");
    EXPECT_EQ(brood::run({helper(), "cat", "+", "exit", "4"},
                         {.input = "h\xc3\xa9\t", .capture_output = true})
                  .out,
              "h\xc3\xa9\t");
    EXPECT_FALSE(brood::try_run({"/no/such/program"}));
    EXPECT_FALSE(brood::try_run({helper(), "pause"}, {.timeout = 30ms}));
    EXPECT_FALSE(brood::try_spawn({helper(), "cat"}, {.in = brood::PIPE}));
    f.verify();
  }
  EXPECT_EQ(support::lines_of(file).size(), 4U);
  EXPECT_NE(support::read_file(file).find("h\xc3\xa9\\u0009"), std::string::npos);
  fake f;
  f.replay(file);
  EXPECT_EQ(f.unmet().size(), 4U);
  EXPECT_EQ(brood::run(bytes, captured).out, "a\xff\n\"q\"");
  const auto r = brood::run({helper(), "cat", "+", "exit", "4"}, captured);
  EXPECT_EQ(r.out, "h\xc3\xa9\t");
  EXPECT_EQ(r.status.code(), 4);
  EXPECT_EQ(brood::try_run({"/no/such/program"}).error().kind(), brood::error_kind::not_found);
  EXPECT_EQ(brood::try_run({helper(), "pause"}, {.timeout = 30ms}).error().kind(),
            brood::error_kind::timed_out);
  f.verify();
  support::write_file(file, "{\"args\": [\"\\u00e9\\ud83d\\ude00\"], \"new\": null}\n{}\n");
  EXPECT_THROW(f.replay(file), brood::usage_error);
  EXPECT_TRUE(brood::run({"\xc3\xa9\xf0\x9f\x98\x80"}).success());
  EXPECT_THROW(f.replay(path("none")), brood::error);
}

TEST_F(Testing, FakesNestAndEnd) {
  {
    fake outer;
    outer.expect({"tool"}).exits(1);
    brood::process left;
    {
      fake inner;
      inner.expect({"tool"}).exits(2);
      inner.expect({"server"}).takes(1h);
      EXPECT_EQ(brood::run({"tool"}).status.code(), 2);
      left = brood::spawn({"server"}, {.in = brood::PIPE});
    }
    EXPECT_EQ(brood::run({"tool"}).status.code(), 1);
    EXPECT_FALSE(left.poll());
    left.kill();
    EXPECT_EQ(left.wait().signal(), 9);
  }
  EXPECT_EQ(brood::run({helper(), "out", "real"}, {.out = brood::PIPE}).out, "real");
}

TEST_F(Testing, EffectsAndMistakes) {
  fake f;
  f.expect({"make", any()}).does([](const brood::testing::call& c) {
    support::write_file(c.args[1], "made");
  });
  (void)brood::run({"make", path("file")});
  EXPECT_EQ(support::read_file(path("file")), "made");
  EXPECT_THROW(f.expect(std::vector<brood::testing::word>()), brood::usage_error);
  EXPECT_THROW(f.expect({"x"}).exits(256), brood::usage_error);
  EXPECT_THROW(f.expect({"x"}).times(0), brood::usage_error);
  EXPECT_THROW(f.expect({"x"}).takes(-1s), brood::usage_error);
  EXPECT_THROW(f.expect({"x"}).signaled(0), brood::usage_error);
  EXPECT_FALSE(brood::try_run({"x"}, {.timeout = -1s})) << "options are checked as ever";
}

}  // namespace
