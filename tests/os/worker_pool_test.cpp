// Worker pools: answers, timeouts, crashes, garbage, recycling, sizes, and what they leave behind.
// SPDX-License-Identifier: Apache-2.0
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <set>
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
using brood::command;
using brood::error;
using brood::error_kind;
using brood::expected;
using brood::reply;
using brood::reply_state;
using brood::worker_options;
using brood::worker_pool;
using support::helper;

class Workers : public support::os_test {};

command serve() { return {helper(), "serve"}; }

template <class Done>
bool until(Done done) {
  return support::poll_until(support::patience, done);
}

TEST_F(Workers, ACallIsAnsweredByTheSameWorkerAgainAndAgain) {
  worker_pool p(serve(), {.max_workers = 3});
  const std::string pid = p.call("pid");
  EXPECT_EQ(p.call("echo one two"), "one two");
  EXPECT_EQ(p.call("pid"), pid);
  EXPECT_EQ(p.pids(), std::vector<int>{std::stoi(pid)});
  EXPECT_EQ(p.count().started, 1U);
  EXPECT_EQ(p.count().done, 3U);
  EXPECT_EQ(p.count().idle, 1U);
}

TEST_F(Workers, RequestsRunInParallelAndEachGetsItsOwnAnswer) {
  worker_pool p(serve(), {.max_workers = 4});
  std::vector<reply> all;
  for (int i = 0; i < 100; ++i) all.push_back(p.request("echo " + std::to_string(i)));
  for (int i = 0; i < 100; ++i) {
    EXPECT_EQ(all[static_cast<std::size_t>(i)].result(), std::to_string(i));
  }
  EXPECT_LE(p.count().started, 4U);
  EXPECT_EQ(p.count().failed, 0U);
}

TEST_F(Workers, MessagesMayHaveLengthsInsteadOfLines) {
  worker_pool p({helper(), "echo-frames"},
                {.max_workers = 1, .framing = brood::worker_framing::length_prefixed});
  EXPECT_EQ(p.call(""), "");
  EXPECT_EQ(p.call("a\nb\n"), "a\nb\n");
  const std::string large(3'000'000, 'x');  // more than both pipes hold
  EXPECT_EQ(p.call(large), large);
  EXPECT_EQ(p.request(large).result(), large);
  EXPECT_EQ(p.call("small"), "small");
}

TEST_F(Workers, ASocketLeavesTheStandardStreamsAlone) {
  worker_options o{.max_workers = 1, .channel = brood::worker_channel::socket};
  o.process.out = brood::file(path("out"));
  worker_pool p({helper(), "out", "to stdout\\n", "+", "serve-socket"}, o);
  EXPECT_EQ(p.call("echo x"), "x");
  EXPECT_EQ(p.request("env BROOD_WORKER_FD").result(), "BROOD_WORKER_FD=3");
  EXPECT_EQ(support::read_file(path("out")), "to stdout\n");
}

TEST_F(Workers, ATimeoutReplacesThatWorkerAlone) {
  worker_pool p(serve(), {.max_workers = 2, .timeout = 400ms});
  const reply slow = p.request("err about_to_hang , pause");
  const std::string other = p.request("pid").result();
  EXPECT_FALSE(slow.wait_for(1ms));
  const auto r = slow.try_result();
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().kind(), error_kind::timed_out);
  ASSERT_NE(r.error().result(), nullptr);
  EXPECT_EQ(r.error().result()->err, "about_to_hang");
  EXPECT_THROW((void)slow.result(), brood::timeout_expired);
  EXPECT_EQ(p.call("pid"), other);
  EXPECT_EQ(p.count().faulty, 1U);
}

TEST_F(Workers, ACallHasItsOwnTimeout) {
  worker_pool p(serve(), {.min_workers = 1, .max_workers = 1});
  ASSERT_TRUE(p.warm_up());
  const std::string pid = p.call("pid");
  EXPECT_THROW((void)p.call("pause", 20ms), brood::timeout_expired);
  EXPECT_NE(p.call("pid"), pid);
}

TEST_F(Workers, ACrashIsTriedElsewhereOnce) {
  worker_pool p(serve(), {.max_workers = 1});
  const auto crashes_once = [&](const char* name) {
    return std::string("exit-once") + " " + path(name) + " 1 , echo fine";
  };
  EXPECT_EQ(p.request(crashes_once("a")).result(), "fine");
  EXPECT_EQ(p.call(crashes_once("b")), "fine");
  EXPECT_EQ(p.count().crashed, 2U);
  EXPECT_EQ(p.count().failed, 0U);
}

TEST_F(Workers, ARequestThatEndsTwoWorkersIsReportedWithStatusAndStderr) {
  for (const bool direct : {false, true}) {
    worker_pool p(serve(), {.min_workers = 1, .max_workers = 2});
    ASSERT_TRUE(p.warm_up());
    const std::string poison = "err last_words , kill-self SEGV";
    const auto r = direct ? p.try_call(poison) : p.request(poison).try_result();
    ASSERT_FALSE(r);
    EXPECT_EQ(r.error().kind(), error_kind::broken);
    ASSERT_NE(r.error().result(), nullptr);
    EXPECT_EQ(r.error().result()->status.signal(), SIGSEGV);
    EXPECT_EQ(r.error().result()->err, "last_words");
    ASSERT_EQ(r.error().result()->attempts.size(), 1U);
    EXPECT_EQ(r.error().result()->attempts[0].status.signal(), SIGSEGV);
    EXPECT_EQ(p.call("echo on"), "on");
    EXPECT_EQ(p.count().crashed, 2U);
  }
}

TEST_F(Workers, HalfAMessageIsNoAnswer) {
  worker_pool p(serve(), {.max_workers = 1});
  for (int i = 0; i < 2; ++i) {
    const auto r = p.try_call("out half , exit 7");
    ASSERT_FALSE(r);
    EXPECT_EQ(r.error().kind(), error_kind::broken);
    EXPECT_EQ(r.error().result()->status.code(), 7);
  }
}

TEST_F(Workers, AnAnswerCountsThoughTheWorkerEndsAfterIt) {
  worker_options o{.max_workers = 1};
  o.process.contain = brood::containment::sealed;  // it leaves a child that holds the channel
  worker_pool p(serve(), o);
  EXPECT_EQ(p.call("echo bye , exit 0"), "bye");
  EXPECT_EQ(p.call("bg pause , echo bye , exit 0"), "bye");
  EXPECT_EQ(p.request("echo again").result(), "again");
  EXPECT_EQ(p.count().failed, 0U);
}

TEST_F(Workers, AWorkerThatEndsWhileItsChildHoldsTheChannelHasCrashed) {
  worker_options o{.min_workers = 1, .max_workers = 1};
  o.process.contain = brood::containment::sealed;
  worker_pool p(serve(), o);
  ASSERT_TRUE(p.warm_up());
  const auto r = p.try_call("bg pause , exit 9");
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().result()->status.code(), 9);
  EXPECT_EQ(p.request("echo x").result(), "x");
}

TEST_F(Workers, AnAnswerBeyondTheLongestIsAnError) {
  worker_pool p(serve(), {.max_workers = 1, .max_frame = 1000});
  EXPECT_EQ(p.call("spam 1000 , out \\n").size(), 1000U);
  for (const char* request : {"spam 1001 , out \\n", "spam 5M , pause"}) {
    const auto r = p.try_call(request);
    ASSERT_FALSE(r);
    EXPECT_EQ(r.error().kind(), error_kind::bad_data);
  }
  EXPECT_EQ(p.call("echo x"), "x");
  worker_pool counted({helper(), "read-input-line"},
                      {.max_workers = 1, .framing = brood::worker_framing::length_prefixed});
  const auto r = counted.try_call("x\n");  // it answers "got:", which is a length
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().kind(), error_kind::bad_data);
}

TEST_F(Workers, WhoSaysMoreThanWasAskedIsReplacedBeforeTheNextRequest) {
  worker_pool p(serve(), {.max_workers = 1});
  const std::string pid = p.call("pid");
  EXPECT_EQ(p.call("out one\\ntwo\\n"), "one");
  EXPECT_NE(p.call("pid"), pid);
  EXPECT_EQ(p.request("out one\\ntwo\\n").result(), "one");
  EXPECT_EQ(p.request("echo three").result(), "three");
  EXPECT_EQ(p.count().faulty, 2U);
  EXPECT_EQ(p.count().failed, 0U);
}

TEST_F(Workers, AnIdleWorkerThatEndsIsReplacedWithoutHarm) {
  worker_pool p(serve(), {.min_workers = 1, .max_workers = 1});
  ASSERT_TRUE(p.warm_up());
  for (int i = 0; i < 5; ++i) {
    const std::string pid = p.call("pid");
    support::kill_pid(std::stoi(pid));
    ASSERT_TRUE(support::wait_gone(std::stoi(pid)));
    EXPECT_NE(p.call("pid"), pid);
  }
  EXPECT_EQ(p.count().crashed, 5U);
  EXPECT_EQ(p.count().failed, 0U);
}

TEST_F(Workers, WorkersAreRecycledByRequestsAgeAndMemory) {
  worker_pool by_requests(serve(), {.max_workers = 1, .max_requests = 3});
  std::set<std::string> pids;
  for (int i = 0; i < 9; ++i) {
    pids.insert(i % 2 == 0 ? by_requests.call("pid") : by_requests.request("pid").result());
  }
  EXPECT_EQ(pids.size(), 3U);
  EXPECT_TRUE(until([&] { return by_requests.count().recycled == 3; }));

  worker_pool by_age(serve(), {.min_workers = 1, .max_workers = 1, .max_age = 30ms});
  EXPECT_TRUE(until([&] { return by_age.count().recycled >= 2; }));
  EXPECT_EQ(by_age.call("echo x"), "x");

  worker_pool by_memory(serve(), {.max_workers = 1, .max_rss_bytes = 64 << 20});
  const std::string before = by_memory.call("pid");
  EXPECT_EQ(by_memory.call("pid"), before);
  EXPECT_EQ(by_memory.call("eat-memory 100M"), "ok");
  EXPECT_NE(by_memory.call("pid"), before);
  EXPECT_EQ(by_memory.count().recycled, 1U);
}

TEST_F(Workers, WhatIsIdleShrinksToTheMinimum) {
  worker_pool p(serve(), {.min_workers = 1, .max_workers = 4, .idle_timeout = 20ms});
  std::vector<reply> all;
  for (int i = 0; i < 4; ++i) all.push_back(p.request("sleep 0.1 , echo x"));
  for (const reply& r : all) EXPECT_EQ(r.result(), "x");
  EXPECT_EQ(p.count().started, 4U);
  EXPECT_TRUE(until([&] { return p.pids().size() == 1; }));
  EXPECT_EQ(p.call("echo x"), "x");
  EXPECT_EQ(p.count().started, 4U);
}

TEST_F(Workers, AMinimumOfWorkersIsThereBeforeTheFirstRequest) {
  worker_pool p({helper(), "read-input-line", "+", "serve"},
                {.min_workers = 2, .max_workers = 3, .hello = "config", .ready = "got: config"});
  ASSERT_TRUE(p.warm_up(20s));
  EXPECT_TRUE(until([&] { return p.count().idle == 2; }));
  EXPECT_EQ(p.pids().size(), 2U);
  EXPECT_EQ(p.call("echo x"), "x");
}

TEST_F(Workers, AWorkerThatIsNotReadyInTimeIsAnError) {
  worker_pool p({helper(), "err", "waiting", "+", "pause"},
                {.min_workers = 1, .max_workers = 1, .ready = "ready", .start_timeout = 30ms});
  try {
    (void)p.warm_up();
    ADD_FAILURE();
  } catch (const brood::timeout_expired& e) {
    ASSERT_NE(e.result(), nullptr);
    EXPECT_EQ(e.result()->err, "waiting");
  }
  worker_pool wrong({helper(), "out", "hi\\n", "+", "serve"},
                    {.min_workers = 1, .max_workers = 1, .ready = "ready"});
  EXPECT_THROW((void)wrong.warm_up(), brood::spawn_error);
  EXPECT_FALSE(wrong.try_call("echo x"));
}

TEST_F(Workers, AProgramThatCannotBeStartedIsTheErrorOfEachRequest) {
  worker_pool p({"/no/such/program"}, {.max_workers = 2});
  const auto r = p.request("x").try_result();
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().kind(), error_kind::not_found);
  EXPECT_EQ(p.try_call("x").error().kind(), error_kind::not_found);
  worker_pool dies({helper(), "err", "no config", "+", "exit", "3"},
                   {.max_workers = 2, .ready = ""});
  const auto d = dies.try_call("x");
  ASSERT_FALSE(d);
  EXPECT_EQ(d.error().kind(), error_kind::broken);
  EXPECT_EQ(d.error().result()->status.code(), 3);
  EXPECT_EQ(d.error().result()->err, "no config");
}

TEST_F(Workers, AShortageThatHasPassedIsNoticedWhileOthersWork) {
  worker_pool p(serve(), {.max_workers = 2});
  const reply busy = p.request("pause");
  ASSERT_TRUE(until([&] { return busy.state() == reply_state::running; }));
  rlimit files{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &files), 0);
  const int top = dup(0);
  close(top);
  const rlimit tight{static_cast<rlim_t>(top), files.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &tight), 0);
  const reply waits = p.request("echo x");
  EXPECT_FALSE(waits.wait_for(50ms));
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &files), 0);
  EXPECT_EQ(waits.result(), "x");
  EXPECT_FALSE(busy.done());
}

TEST_F(Workers, AFullQueueHoldsBack) {
  worker_pool p(serve(), {.max_workers = 1, .max_queued = 2});
  const reply first = p.request("pause");
  ASSERT_TRUE(until([&] { return first.state() == reply_state::running; }));
  const auto a = p.try_request("echo a");
  const auto b = p.try_request("echo b");
  ASSERT_TRUE(a && b);
  EXPECT_FALSE(p.try_request("echo c"));
  std::thread unblocks([&] { first.cancel(); });
  const reply last = p.request("echo last");
  unblocks.join();
  EXPECT_EQ(last.result(), "last");
  EXPECT_EQ(a->result(), "a");
  EXPECT_EQ(first.try_result().error().code(), std::errc::operation_canceled);
}

TEST_F(Workers, CancelForgetsWhatIsQueuedAndReplacesTheWorkerOfWhatRuns) {
  worker_pool p(serve(), {.max_workers = 1});
  const std::string pid = p.call("pid");
  const reply runs = p.request("pause");
  const reply queued = p.request("echo never");
  ASSERT_TRUE(until([&] { return runs.state() == reply_state::running; }));
  EXPECT_EQ(queued.state(), reply_state::queued);
  queued.cancel();
  EXPECT_FALSE(queued.try_result());
  runs.cancel();
  EXPECT_FALSE(runs.try_result());
  runs.cancel();  // done: no effect
  EXPECT_NE(p.call("pid"), pid);
  EXPECT_EQ(p.count().failed, 2U);
}

TEST_F(Workers, TheDestructorLeavesNothing) {
  std::vector<reply> all;
  for (const auto contain : {brood::containment::tree, brood::containment::sealed}) {
    worker_options o{.min_workers = 2, .max_workers = 4};
    o.process.contain = contain;
    o.process.stop = {{SIGTERM, 50ms}, {SIGKILL}};
    worker_pool p(serve(), o);
    for (int i = 0; i < 8; ++i) {
      all.push_back(p.request(i % 2 == 0 ? "ignore TERM , bg pause , setsid-bg pause , pause"
                                         : "setpgid-bg pause , pause"));
    }
    ASSERT_TRUE(until([&] { return p.count().busy == 4; }));
  }
  for (const reply& r : all) EXPECT_FALSE(r.try_result());
  EXPECT_TRUE(support::survivors().empty());
}

TEST_F(Workers, AWorkerMayEndByItselfWhenItsChannelCloses) {
  {
    worker_pool p({helper(), "serve", "+", "ready", path("flushed")},
                  {.min_workers = 2, .max_workers = 2, .close_grace = 20s});
    ASSERT_TRUE(p.warm_up());
    EXPECT_EQ(p.call("echo x"), "x");
    EXPECT_EQ(p.request("echo x").result(), "x");
  }
  EXPECT_FALSE(support::lines_of(path("flushed")).empty());
  worker_pool stubborn({helper(), "pause"},
                       {.min_workers = 1, .max_workers = 1, .close_grace = 10ms});
  ASSERT_TRUE(stubborn.warm_up());
}

TEST_F(Workers, WhatWorkersSayOnStderrGoesWhereTheOptionsSay) {
  std::atomic<int> lines{0};
  worker_options o{.max_workers = 1, .stderr_tail = 5};
  o.process.on_line = [&](brood::output_stream, std::string_view line) {
    if (line == "0123456789") ++lines;
  };
  worker_pool p(serve(), o);
  EXPECT_EQ(p.call("err 0123456789\\n , echo x"), "x");
  EXPECT_TRUE(until([&] { return lines == 1; }));
  const auto r = p.try_call("err 0123456789\\n , exit 1");
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().result()->err, "6789\n");
  worker_options to_file{.max_workers = 1};
  to_file.process.err = brood::file(path("log"), "a");
  worker_pool q(serve(), to_file);
  EXPECT_FALSE(q.try_call("err x , exit 1"));
  EXPECT_EQ(support::read_file(path("log")), "xx");
}

TEST_F(Workers, NobodyAsksAfterShutdown) {
  worker_pool p(serve(), {.max_workers = 1});
  const reply r = p.request("sleep 0.01 , echo x");
  p.shutdown();
  EXPECT_TRUE(r.done());
  EXPECT_THROW((void)p.request("echo x"), brood::usage_error);
  EXPECT_THROW((void)p.call("echo x"), brood::usage_error);
}

TEST_F(Workers, MistakesAreFoundAtOnce) {
  const auto refuses = [](command c, worker_options o) {
    EXPECT_THROW(worker_pool(std::move(c), std::move(o)), brood::usage_error);
  };
  refuses(command(std::vector<std::string>{}), {});
  refuses(serve(), {.max_workers = 0});
  refuses(serve(), {.min_workers = -1});
  refuses(serve(), {.min_workers = 3, .max_workers = 2});
  refuses(serve(), {.max_workers = 1, .idle_timeout = -1s});
  refuses(serve(), {.max_workers = 1, .ready = "x", .start_timeout = -1s});
  refuses(serve(), {.max_workers = 1, .start_timeout = 1s});
  refuses(serve(), {.max_workers = 1, .timeout = 0s});
  refuses(serve(), {.max_workers = 1, .max_age = -1s});
  refuses(serve(), {.max_workers = 1, .close_grace = -1s});
  refuses(serve(), {.max_workers = 1, .max_frame = 0});
  refuses(serve(), {.max_workers = 1, .hello = "a\nb"});
  refuses(serve(), {.process = {.input = "x"}});
  refuses(serve(), {.process = {.out = brood::DEVNULL}});
  refuses(serve(), {.process = {.err = brood::STDOUT}});
  refuses(serve(), {.process = {.timeout = 1s}});
  refuses(serve(), {.process = {.check = true}});
  worker_pool p(serve(), {.max_workers = 1});
  EXPECT_THROW((void)p.call("a\nb"), brood::usage_error);
  EXPECT_THROW((void)p.call("echo x", -1s), brood::usage_error);
  EXPECT_FALSE(reply().try_result());
  EXPECT_TRUE(reply().done());
}

}  // namespace
