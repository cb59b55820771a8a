// Loops and coroutines: order, cancelling, exceptions, and what they leave behind.
// SPDX-License-Identifier: Apache-2.0
#include <poll.h>
#include <sys/resource.h>

#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <brood/brood.hpp>

#include "support/clean.hpp"
#include "support/files.hpp"
#include "support/helper.hpp"

namespace {

using namespace std::chrono_literals;
using brood::async_run;
using brood::async_try_run;
using brood::command;
using brood::completed_process;
using brood::loop;
using brood::options;
using brood::reason;
using brood::task;
using support::helper;

class Async : public support::os_test {};

command exits(int code) { return {helper(), "exit", std::to_string(code)}; }
command says(const std::string& text) { return {helper(), "out", text}; }
command pauses() { return {helper(), "pause"}; }

TEST_F(Async, ATaskHasTheResultThatRunWouldHaveGiven) {
  loop l;
  const auto wait = [&l](const command& c, const options& o) {
    return brood::sync_wait(l, async_run(l, c, o));
  };
  EXPECT_EQ(wait(says("x"), {.out = brood::PIPE}).out, "x");
  EXPECT_EQ(wait({helper(), "cat"}, {.input = "fed", .capture_output = true}).out, "fed");
  EXPECT_EQ(wait(exits(3), {}).status.code(), 3);
  EXPECT_THROW((void)wait({"/no/such/program"}, {}), brood::spawn_error);
  EXPECT_THROW((void)wait(pauses(), {.timeout = 50ms}), brood::timeout_expired);
  EXPECT_THROW((void)wait(exits(0), {.timeout = -1s}), brood::usage_error);
  EXPECT_THROW((void)wait(exits(4), {.check = true}), brood::called_process_error);
  EXPECT_THROW((void)wait(exits(0), {.retry = {.attempts = 0}}), brood::usage_error);
  const auto missing = brood::sync_wait(l, async_try_run(l, {"/no/such/program"}));
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().kind(), brood::error_kind::not_found);
  EXPECT_TRUE(l.empty());
  EXPECT_FALSE(l.run_one());
}

task<std::string> twice(loop& l) {
  std::string all;
  for (int i = 0; i < 2; ++i) {
    const options captured{.out = brood::PIPE};
    all += (co_await async_run(l, command(helper(), "out", std::to_string(i)), captured)).out;
  }
  EXPECT_TRUE(co_await brood::sleep_for(l, 1ms));
  co_return all;
}

TEST_F(Async, CoroutinesAwaitCommandsSleepsAndEachOther) {
  loop l;
  EXPECT_EQ(brood::sync_wait(l, twice(l)), "01");
  const auto outer = [](loop& in) -> task<std::size_t> { co_return (co_await twice(in)).size(); };
  EXPECT_EQ(brood::sync_wait(l, outer(l)), 2U);
}

TEST_F(Async, WhenAllGivesTheResultsInOrder) {
  loop l;
  std::vector<task<completed_process>> all;
  for (int i = 0; i < 20; ++i) {
    all.push_back(
        async_run(l, {helper(), "sleep", i % 2 == 0 ? "0.02" : "0", "+", "out", std::to_string(i)},
                  {.out = brood::PIPE}));
  }
  const auto results = brood::sync_wait(l, when_all(std::move(all)));
  ASSERT_EQ(results.size(), 20U);
  for (std::size_t i = 0; i < 20; ++i) EXPECT_EQ(results[i].out, std::to_string(i));
  EXPECT_TRUE(brood::sync_wait(l, brood::when_all(std::vector<task<int>>())).empty());
}

TEST_F(Async, WhenAllThrowsTheFirstExceptionOnceAllHaveEnded) {
  loop l;
  bool slept = false;
  const auto fails = [](const char* what) -> task<> {
    throw std::runtime_error(what);
    co_return;
  };
  const auto sleeps = [&](loop& in) -> task<> {
    co_await brood::sleep_for(in, 10ms);
    slept = true;
  };
  std::vector<task<>> all;
  all.push_back(sleeps(l));
  all.push_back(fails("first"));
  all.push_back(fails("second"));
  try {
    brood::sync_wait(l, when_all(std::move(all)));
    ADD_FAILURE() << "nothing was thrown";
  } catch (const std::runtime_error& e) {
    EXPECT_STREQ(e.what(), "first");
  }
  EXPECT_TRUE(slept);
}

task<> worker(loop& l, int& next, int& done) {
  while (next < 1000) {
    ++next;
    const completed_process r = co_await async_run(l, command(helper(), "exit", "0"));
    done += r.success();
  }
}

TEST_F(Async, AThousandCommandsOnOneThread) {
  loop l;
  int next = 0;
  int done = 0;
  for (int i = 0; i < 16; ++i) l.spawn(worker(l, next, done));
  l.run();
  EXPECT_EQ(done, 1000);
  EXPECT_TRUE(l.empty());
}

TEST_F(Async, ManyAtOnceWithTheirOutputs) {
  loop l;
  std::vector<task<completed_process>> all;
  for (int i = 0; i < 60; ++i) {
    all.push_back(async_run(
        l, {helper(), "cat"},
        {.input = std::string(100'000, static_cast<char>('a' + i % 26)),
         .capture_output = true,
         .contain = i % 10 == 0 ? brood::containment::sealed : brood::containment::tree}));
  }
  const auto results = brood::sync_wait(l, when_all(std::move(all)));
  for (std::size_t i = 0; i < results.size(); ++i) {
    EXPECT_EQ(results[i].out, std::string(100'000, static_cast<char>('a' + i % 26)));
  }
}

TEST_F(Async, AStopTokenStopsTheTree) {
  loop l;
  std::stop_source source;
  const auto stops = [](loop& in, std::string ready, std::stop_source s) -> task<> {
    while (support::lines_of(ready).empty()) co_await brood::sleep_for(in, 1ms);
    s.request_stop();
  };
  l.spawn(stops(l, path("ready"), source));
  const command tree{helper(), "out", "r\\n", "+", "bg", "pause", "+", "pause"};
  const options o{.out = brood::file(path("ready"))};
  const auto r = brood::sync_wait(l, async_run(l, tree, o, source.get_token()));
  EXPECT_EQ(r.reason, reason::cancelled);
  EXPECT_EQ(r.status.signal(), 15);

  const auto never = brood::sync_wait(l, async_run(l, says("x"), {}, source.get_token()));
  EXPECT_EQ(never.reason, reason::cancelled);
  EXPECT_EQ(never.pid, -1);
  EXPECT_THROW(
      (void)brood::sync_wait(l, async_run(l, says("x"), {.check = true}, source.get_token())),
      brood::called_process_error);
  EXPECT_FALSE(brood::sync_wait(l, brood::sleep_for(l, 1h, source.get_token())));
}

TEST_F(Async, ASleepAndAWaitForTheNextAttemptEndAtAStop) {
  loop l;
  std::stop_source source;
  std::vector<task<bool>> sleeps;
  sleeps.push_back(brood::sleep_for(l, 1h, source.get_token()));
  sleeps.push_back(brood::sleep_for(l, brood::duration::infinite(), source.get_token()));
  const auto stops = [](loop& in, std::stop_source s) -> task<bool> {
    const bool slept = co_await brood::sleep_for(in, 30ms);
    s.request_stop();
    co_return slept;
  };
  sleeps.push_back(stops(l, source));
  auto command_too =
      async_run(l, exits(1), {.retry = {.attempts = 2, .delay = 1h}}, source.get_token());
  const auto both = [](task<completed_process> c, task<std::vector<bool>> s) -> task<> {
    const std::vector<bool> slept = co_await s;
    EXPECT_TRUE(!slept[0] && !slept[1] && slept[2]);
    const completed_process r = co_await c;
    EXPECT_EQ(r.reason, reason::cancelled);
  };
  brood::sync_wait(l, both(std::move(command_too), when_all(std::move(sleeps))));
  std::stop_source again;
  l.spawn([](loop& in, std::stop_source s) -> task<> {
    co_await brood::sleep_for(in, 50ms);
    s.request_stop();
  }(l, again));
  const auto r = brood::sync_wait(
      l, async_run(l, exits(1), {.retry = {.attempts = 2, .delay = 1h}}, again.get_token()));
  EXPECT_EQ(r.reason, reason::cancelled);
  EXPECT_EQ(r.attempts.size(), 1U);
}

TEST_F(Async, RetriesKeepEachAttempt) {
  loop l;
  const auto r =
      brood::sync_wait(l, async_run(l, {helper(), "env", "BROOD_ATTEMPT", "+", "exit", "1"},
                                    {.out = brood::PIPE, .retry = {.attempts = 3, .delay = 5ms}}));
  EXPECT_EQ(r.status.code(), 1);
  ASSERT_EQ(r.attempts.size(), 2U);
  EXPECT_NE(r.attempts[0].out.find("1"), std::string::npos);
  EXPECT_NE(r.out.find("3"), std::string::npos);
}

TEST_F(Async, AnExceptionFromACallbackComesOutOfTheAwait) {
  loop l;
  const options o{.on_line = [](auto, auto) { throw std::runtime_error("enough"); }};
  const command chatty{helper(), "out", "line\\n", "+", "pause"};
  const auto catches = [](loop& in, const command& c, const options& opts) -> task<std::string> {
    try {
      (void)co_await async_try_run(in, c, opts);
    } catch (const std::runtime_error& e) {
      co_return e.what();
    }
    co_return "nothing";
  };
  EXPECT_EQ(brood::sync_wait(l, catches(l, chatty, o)), "enough");
}

TEST_F(Async, WhatASpawnedTaskOrAPostedCallbackThrowsComesOutOfRun) {
  loop l;
  int later = 0;
  l.spawn([]() -> task<> {
    throw std::runtime_error("spawned");
    co_return;
  }());
  l.post([] { throw std::logic_error("posted"); });
  l.post([&] { ++later; });
  EXPECT_THROW(l.run(), std::logic_error);
  EXPECT_THROW(l.run(), std::runtime_error);
  l.run();
  EXPECT_EQ(later, 1);
}

// Leaves its loop by an exception while the command of `held` runs.
void start_and_leave(loop& l, task<completed_process>& held) {
  const auto start = [](loop& in, task<completed_process>& r) -> task<> {
    in.post([] { throw std::runtime_error("left"); });
    (void)co_await r;
  };
  EXPECT_THROW(brood::sync_wait(l, start(l, held)), std::runtime_error);
}

TEST_F(Async, ADestroyedTaskLeavesNothing) {
  loop l;
  {
    const options o{.on_line = [](auto, auto) { ADD_FAILURE() << "called after the end"; }};
    const command tree{helper(), "bg", "pause", "+", "out", "late\\n", "+", "pause"};
    auto held = async_run(l, tree, o);
    start_and_leave(l, held);
    EXPECT_FALSE(l.empty());
  }
  l.run();  // the command is stopped in the background
  EXPECT_TRUE(l.empty());
  const auto awaits = [](loop& in) -> task<> {
    (void)co_await async_run(in, command(helper(), "pause"));
  };
  l.spawn(awaits(l));  // these two go with their loop
  l.spawn(awaits(l));
  l.poll();
  EXPECT_FALSE(l.empty());
}

TEST_F(Async, ATaskThatOutlivesItsLoopIsNeverResumed) {
  task<completed_process> held;
  {
    loop l;
    held = async_run(l, pauses());
    start_and_leave(l, held);
  }
  EXPECT_FALSE(held.done());
}

TEST_F(Async, StopEndsRunAndKeepsWhatIsThere) {
  loop l;
  int turns = 0;
  l.spawn([](loop& in, int& n) -> task<> {
    for (; n < 3; ++n) {
      in.stop();
      co_await brood::sleep_for(in, 1ms);
    }
  }(l, turns));
  l.run_forever();
  EXPECT_FALSE(l.empty());
  l.run_forever();
  l.run_forever();
  l.run();
  EXPECT_EQ(turns, 3);
}

TEST_F(Async, AForeignLoopCanWatchIt) {
  loop l;
  std::string out;
  l.spawn([](loop& in, std::string& to) -> task<> {
    const options o{.out = brood::PIPE, .timeout = 20s};
    to = (co_await async_run(in, command(helper(), "sleep", "0.02", "+", "out", "seen"), o)).out;
    co_await brood::sleep_for(in, 10ms);
  }(l, out));
  l.poll();
  int waits = 0;
  for (; !l.empty() && waits < 10'000; ++waits) {
    pollfd p{l.native_handle(), POLLIN, 0};
    const brood::duration left = l.until_next();
    const int ms = left.given() ? static_cast<int>(left.nanoseconds() / 1'000'000 + 1) : -1;
    ASSERT_GE(::poll(&p, 1, left.given() && left.nanoseconds() == 0 ? 0 : ms), 0);
    l.poll();
  }
  EXPECT_EQ(out, "seen");
  EXPECT_LT(waits, 100) << "it was busy";
  EXPECT_FALSE(l.until_next().given());
  std::thread other([&] { l.post([&] { out = "posted"; }); });
  other.join();
  pollfd p{l.native_handle(), POLLIN, 0};
  EXPECT_EQ(::poll(&p, 1, 0), 1);
  EXPECT_EQ(l.until_next().nanoseconds(), 0);
  EXPECT_TRUE(l.poll());
  EXPECT_EQ(out, "posted");
}

TEST_F(Async, WaitingForWhatNobodyBringsIsAnError) {
  loop l;
  loop other;
  EXPECT_THROW((void)brood::sync_wait(l, async_run(other, pauses())), brood::usage_error);
  EXPECT_THROW(brood::sync_wait(l, task<>()), brood::usage_error);
  EXPECT_THROW((void)brood::sleep_for(l, brood::duration::from_seconds(0.0L / 0.0L)),
               brood::usage_error);
}

}  // namespace
