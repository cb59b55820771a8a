// Pools: order, bounds, cancelling, waiting, and what they leave behind.
// SPDX-License-Identifier: Apache-2.0
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <set>
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
using brood::command;
using brood::job;
using brood::job_state;
using brood::pool;
using brood::reason;
using support::helper;

class Pool : public support::os_test {};

command exits(int code) { return {helper(), "exit", std::to_string(code)}; }
command says(const std::string& text) { return {helper(), "out", text}; }
command pauses() { return {helper(), "pause"}; }

TEST_F(Pool, MapGivesTheResultsInOrder) {
  pool p({.max_workers = 3});
  std::vector<command> commands;
  for (int i = 0; i < 20; ++i) {
    commands.push_back(
        {helper(), "sleep", i % 2 == 0 ? "0.02" : "0", "+", "out", std::to_string(i)});
  }
  const auto all = p.map(commands, {.out = brood::PIPE});
  ASSERT_EQ(all.size(), 20U);
  for (int i = 0; i < 20; ++i) EXPECT_EQ(all[static_cast<std::size_t>(i)].out, std::to_string(i));
}

TEST_F(Pool, AJobHasTheResultThatRunWouldHaveGiven) {
  pool p({.max_workers = 2});
  const job good = p.submit(says("x"), {.out = brood::PIPE});
  const job bad = p.submit(exits(3));
  const job missing = p.submit({"/no/such/program"});
  const job late = p.submit(pauses(), {.timeout = 50ms});
  const job wrong = p.submit(says("x"), {.timeout = -1s});
  const job checked = p.submit(exits(4), {.check = true});
  EXPECT_EQ(good.result().out, "x");
  EXPECT_EQ(bad.result().status.code(), 3);
  EXPECT_THROW((void)missing.result(), brood::spawn_error);
  EXPECT_THROW((void)late.result(), brood::timeout_expired);
  EXPECT_THROW((void)wrong.result(), brood::usage_error);
  EXPECT_THROW((void)checked.result(), brood::called_process_error);
  EXPECT_EQ(good.id(), 1U);
  EXPECT_EQ(good.args(), (std::vector<std::string>{helper(), "out", "x"}));
  EXPECT_EQ(p.count().done, 6U);
  EXPECT_EQ(p.count().failed, 5U);
}

TEST_F(Pool, NoMoreRunAtOnceThanThereAreWorkers) {
  pool p({.max_workers = 3});
  std::atomic<int> most{0};
  for (int i = 0; i < 30; ++i) {
    p.submit({helper(), "sleep", "0.005"}, {}, [&](const job&) {
      most = std::max(most.load(), static_cast<int>(p.count().running));
    });
  }
  p.wait();
  EXPECT_LE(most, 3);
  EXPECT_EQ(p.count().done, 30U);
}

// A job may end while the end of the one before it is about to be told.
TEST_F(Pool, EndsAreToldInTheirOrder) {
  std::vector<std::uint64_t> told;
  pool p({.max_workers = 1});
  for (int i = 0; i < 300; ++i) {
    const command c = i % 3 == 0 ? command{"/no/such/program"} : exits(0);
    p.submit(c, {}, [&](const job& j) { told.push_back(j.id()); });
  }
  p.wait();
  ASSERT_EQ(told.size(), 300U);
  EXPECT_TRUE(std::is_sorted(told.begin(), told.end()));
}

TEST_F(Pool, ManyThatCannotStartDoNotNest) {
  pool p({.max_workers = 1});
  p.pause();
  for (int i = 0; i < 20'000; ++i) p.submit({"/no/such/program"});
  p.resume();
  p.wait();
  EXPECT_EQ(p.count().failed, 20'000U);
}

TEST_F(Pool, AsCompletedGivesEachJobOnceAndThoseAddedMeanwhile) {
  pool p({.max_workers = 4});
  for (int i = 0; i < 10; ++i) p.submit(exits(i));
  std::set<std::uint64_t> seen;
  for (job& done : p.as_completed()) {
    EXPECT_TRUE(done.done());
    EXPECT_TRUE(seen.insert(done.id()).second);
    if (seen.size() == 3) p.submit(exits(0));
  }
  EXPECT_EQ(seen.size(), 11U);
  for (job& none : p.as_completed()) ADD_FAILURE() << none.id();
}

TEST_F(Pool, CancelStopsWhatRunsAndForgetsWhatDoesNot) {
  pool p({.max_workers = 1});
  const job running = p.submit({helper(), "out", "r\\n", "+", "bg", "pause", "+", "pause"},
                               {.out = brood::tee({brood::file(path("ready"))})});
  const job queued = p.submit(says("never"), {.out = brood::file(path("never"))});
  support::wait_for_file_line_count(path("ready"), 1);
  EXPECT_EQ(running.state(), job_state::running);
  EXPECT_GT(running.pid(), 0);
  EXPECT_EQ(queued.state(), job_state::queued);
  EXPECT_FALSE(queued.wait_for(1ms));
  queued.cancel();
  running.cancel();
  EXPECT_EQ(queued.result().reason, reason::cancelled);
  EXPECT_EQ(running.result().reason, reason::cancelled);
  EXPECT_EQ(running.result().status.signal(), 15);
  EXPECT_NE(access(path("never").c_str(), F_OK), 0);
  running.cancel();  // done: no effect
}

TEST_F(Pool, TheDestructorLeavesNothing) {
  std::vector<job> jobs;
  {
    pool p({.max_workers = 4});
    for (int i = 0; i < 20; ++i) {
      jobs.push_back(p.submit({helper(), "bg", "pause", "+", "setsid-bg", "pause", "+", "pause"}));
    }
    while (p.count().running < 4) std::this_thread::yield();
  }
  for (const job& j : jobs) EXPECT_EQ(j.result().reason, reason::cancelled);
  EXPECT_TRUE(support::survivors().empty());
}

TEST_F(Pool, AnExceptionInTheCallersScopeLeavesNothing) {
  try {
    pool p({.max_workers = 2});
    p.submit(pauses(), {.contain = brood::containment::sealed});
    throw std::runtime_error("x");
  } catch (const std::runtime_error&) {
  }
  EXPECT_TRUE(support::survivors().empty());
}

TEST_F(Pool, FailFastCancelsTheOthers) {
  pool p({.max_workers = 2, .fail_fast = true});
  const job waits = p.submit(pauses());
  const job fails = p.submit(exits(1));
  const job later = p.submit(pauses());
  EXPECT_EQ(waits.result().reason, reason::cancelled);
  EXPECT_EQ(fails.result().status.code(), 1);
  EXPECT_EQ(later.result().reason, reason::cancelled);
}

TEST_F(Pool, ATotalDeadlineEndsEverything) {
  pool p({.max_workers = 1, .timeout = 100ms});
  const job runs = p.submit(pauses());
  const job queued = p.submit(pauses());
  for (const job& j : {runs, queued}) {
    const auto r = j.try_result();
    ASSERT_FALSE(r);
    EXPECT_EQ(r.error().kind(), brood::error_kind::timed_out);
    ASSERT_NE(r.error().result(), nullptr);
    EXPECT_EQ(r.error().result()->reason, reason::timed_out);
  }
  EXPECT_THROW(p.submit(exits(0)), brood::usage_error);
}

TEST_F(Pool, APausedPoolStartsNothing) {
  pool p({.max_workers = 2});
  p.pause();
  const job j = p.submit(exits(0));
  EXPECT_FALSE(j.wait_for(50ms));
  EXPECT_EQ(j.state(), job_state::queued);
  p.resume();
  EXPECT_TRUE(j.result().success());
}

TEST_F(Pool, ResizingLetsMoreRun) {
  pool p({.max_workers = 1});
  for (int i = 0; i < 3; ++i) p.submit(pauses());
  while (p.count().running < 1) std::this_thread::yield();
  EXPECT_EQ(p.count().queued, 2U);
  p.resize(3);
  EXPECT_EQ(p.max_workers(), 3);
  while (p.count().running < 3) std::this_thread::yield();
}

TEST_F(Pool, AFullQueueHoldsTheSubmitterBack) {
  pool p({.max_workers = 1, .max_queued = 2});
  const job first = p.submit(pauses());
  while (p.count().running < 1) std::this_thread::yield();
  EXPECT_TRUE(p.try_submit(exits(0)));
  EXPECT_TRUE(p.try_submit(exits(0)));
  EXPECT_FALSE(p.try_submit(exits(0)));
  std::thread unblocks([&] { first.cancel(); });
  const job last = p.submit(exits(7));
  unblocks.join();
  EXPECT_EQ(last.result().status.code(), 7);
}

TEST_F(Pool, NobodySubmitsAfterShutdown) {
  pool p({.max_workers = 1});
  const job j = p.submit(exits(0));
  p.shutdown();
  EXPECT_TRUE(j.done());
  EXPECT_THROW(p.submit(exits(0)), brood::usage_error);
}

TEST_F(Pool, WorkersAreANumberOrAShareOfTheCpus) {
  for (const brood::worker_count n :
       {brood::worker_count(0), brood::worker_count(-1), brood::worker_count::percent_of_cpus(0),
        brood::worker_count::percent_of_cpus(-50)}) {
    EXPECT_THROW(pool({.max_workers = n}), brood::usage_error);
  }
  const int cpus = pool().max_workers();
  EXPECT_GE(cpus, 1);
  EXPECT_EQ(pool({.max_workers = brood::worker_count::percent_of_cpus(100)}).max_workers(), cpus);
  EXPECT_EQ(pool({.max_workers = brood::worker_count::percent_of_cpus(1)}).max_workers(), 1);
}

TEST_F(Pool, CallbacksMaySubmitButNotWait) {
  pool p({.max_workers = 1, .max_queued = 1});
  std::atomic<int> refused{0};
  std::atomic<int> more{0};
  p.submit(exits(0), {}, [&](const job&) {
    p.submit(exits(0), {}, [&](const job&) { ++more; });
    const job another = p.submit(exits(0), {}, [&](const job&) { ++more; });
    try {
      (void)another.result();
    } catch (const brood::usage_error&) {
      ++refused;
    }
    try {
      p.wait();
    } catch (const brood::usage_error&) {
      ++refused;
    }
  });
  p.wait();
  EXPECT_EQ(more, 2);
  EXPECT_EQ(refused, 2);
}

TEST_F(Pool, AnExceptionFromOnLineStopsThatJobAlone) {
  pool p({.max_workers = 2});
  const auto throws = [](brood::output_stream, std::string_view) -> void {
    throw std::runtime_error("from the callback");
  };
  const job bad = p.submit({helper(), "out", "x\\n", "+", "pause"}, {.on_line = throws});
  const job good = p.submit(says("x"), {.out = brood::PIPE});
  EXPECT_THROW((void)bad.result(), std::runtime_error);
  EXPECT_EQ(good.result().out, "x");
}

TEST_F(Pool, InputAndMuchOutputOfManyAtOnce) {
  pool p({.max_workers = 4});
  const std::string text(300'000, 'y');
  std::vector<job> jobs;
  for (int i = 0; i < 12; ++i) {
    jobs.push_back(p.submit({helper(), "cat"}, {.input = text, .out = brood::PIPE}));
  }
  for (const job& j : jobs) EXPECT_EQ(j.result().out, text);
}

TEST_F(Pool, ManyMoreSleepersThanCpusAreOneThread) {
  const std::size_t before = support::snapshot::take().threads;
  pool p({.max_workers = 300});
  for (int i = 0; i < 300; ++i) p.submit({helper(), "sleep", "0.2"}, {.in = brood::DEVNULL});
  while (p.count().running < 100) std::this_thread::yield();
  EXPECT_EQ(support::snapshot::take().threads, before + 1);
  p.wait();
  EXPECT_EQ(p.count().failed, 0U);
}

TEST_F(Pool, AShortageOfDescriptorsInABatchIsWaitedOut) {
  pool p({.max_workers = 50});
  rlimit files{};
  ASSERT_EQ(getrlimit(RLIMIT_NOFILE, &files), 0);
  const int top = dup(0);
  close(top);
  const rlimit tight{static_cast<rlim_t>(top) + 12, files.rlim_max};
  ASSERT_EQ(setrlimit(RLIMIT_NOFILE, &tight), 0);
  std::vector<job> jobs;
  for (int i = 0; i < 60; ++i) {
    jobs.push_back(p.submit(says(std::to_string(i)), {.capture_output = true}));
  }
  p.wait();
  setrlimit(RLIMIT_NOFILE, &files);
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    const auto r = jobs[i].try_result();
    ASSERT_TRUE(r) << r.error().what();
    EXPECT_EQ(r->out, std::to_string(i));
  }
}

TEST_F(Pool, RetriesWaitWithoutAWorker) {
  pool p({.max_workers = 1});
  const job flaky = p.submit({helper(), "env", "BROOD_ATTEMPT", "+", "exit", "1"},
                             {.out = brood::PIPE, .retry = {.attempts = 3, .delay = 30ms}});
  while (flaky.state() != job_state::waiting) std::this_thread::yield();
  EXPECT_TRUE(p.submit(exits(0)).result().success());
  const auto r = flaky.result();
  EXPECT_EQ(r.status.code(), 1);
  ASSERT_EQ(r.attempts.size(), 2U);
  EXPECT_NE(r.attempts[0].out.find("1"), std::string::npos);
  EXPECT_NE(r.out.find("3"), std::string::npos);
}

TEST_F(Pool, AJobThatWaitsForItsNextAttemptCanBeCancelled) {
  pool p({.max_workers = 1});
  const job j = p.submit(exits(1), {.retry = {.attempts = 2, .delay = 1h}});
  while (j.state() != job_state::waiting) std::this_thread::yield();
  EXPECT_EQ(p.count().waiting, 1U);
  j.cancel();
  EXPECT_EQ(j.result().reason, reason::cancelled);
  EXPECT_EQ(p.count().waiting, 0U);
}

TEST_F(Pool, TheDestructorWaitsForNoNextAttemptAndNoPause) {
  job waiting;
  job queued;
  {
    pool p({.max_workers = 1});
    waiting = p.submit(exits(1), {.retry = {.attempts = 2, .delay = 1h}});
    while (waiting.state() != job_state::waiting) std::this_thread::yield();
  }
  {
    pool p({.max_workers = 1});
    p.pause();
    queued = p.submit(exits(1));
  }
  EXPECT_EQ(waiting.result().reason, reason::cancelled);
  EXPECT_EQ(queued.result().reason, reason::cancelled);
}

TEST_F(Pool, ThereIsNoOtherAttemptOnceThePoolsTimeIsOver) {
  pool p({.max_workers = 1, .timeout = 100ms});
  const job j = p.submit({helper(), "sleep", "1"}, {.retry = {.attempts = 2}});
  const auto r = j.try_result();
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().kind(), brood::error_kind::timed_out);
}

TEST_F(Pool, RunRetriesTooAndKeepsEachAttempt) {
  const auto r = brood::run({helper(), "env", "BROOD_ATTEMPT", "+", "exit", "5"},
                            {.out = brood::PIPE, .retry = {.attempts = 3, .delay = 1ms}});
  EXPECT_EQ(r.status.code(), 5);
  ASSERT_EQ(r.attempts.size(), 2U);
  EXPECT_EQ(r.attempts[1].status.code(), 5);
  EXPECT_NE(r.attempts[1].out, r.out);
  const auto late = brood::try_run(
      pauses(), {.timeout = 30ms, .retry = {.attempts = 2, .on_reasons = {reason::timed_out}}});
  ASSERT_FALSE(late);
  ASSERT_NE(late.error().result(), nullptr);
  EXPECT_EQ(late.error().result()->attempts.size(), 1U);
  EXPECT_THROW((void)brood::spawn(exits(0), {.retry = {.attempts = 2}}), brood::usage_error);
  EXPECT_THROW((void)brood::run(exits(0), {.retry = {.attempts = 0}}), brood::usage_error);
}

}  // namespace
