// A stop ends a series of attempts, wherever it finds it; and whom a pool's cancel reaches.
// SPDX-License-Identifier: Apache-2.0
#include <signal.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <brood/brood.hpp>

#include "support/clean.hpp"
#include "support/files.hpp"
#include "support/helper.hpp"
#include "support/levels.hpp"

namespace {

using namespace std::chrono_literals;
using brood::command;
using brood::completed_process;
using brood::job;
using brood::loop;
using brood::options;
using brood::pool;
using brood::reason;
using brood::task;
using support::helper;

class NoMoreAttempts : public support::level_test {
 protected:
  std::size_t attempts() const { return support::lines_of(path("attempts")).size(); }
  // Each attempt leaves a line in `attempts`.
  command counted(const std::vector<std::string>& then) const {
    std::vector<std::string> words{helper(), "ready", path("attempts"), "+"};
    words.insert(words.end(), then.begin(), then.end());
    return words;
  }
  options tried() const {
    return {.out = brood::PIPE,
            .stop = {{SIGTERM, 200ms}, {SIGKILL, {}}},
            .contain = GetParam(),
            .retry = {.attempts = 4, .delay = 1ms}};
  }
  // The stop comes once `lines` stand in the file `when`.
  completed_process stopped(const command& c, const options& o, const std::string& when,
                            std::size_t lines = 1) const {
    loop l;
    std::stop_source source;
    l.spawn([](loop& in, std::stop_source s, std::string file, std::size_t n) -> task<> {
      while (support::lines_of(file).size() < n) co_await brood::sleep_for(in, 1ms);
      s.request_stop();
    }(l, source, path(when), lines));
    auto r = brood::sync_wait(l, async_try_run(l, c, o, source.get_token()));
    if (r) return *r;
    return r.error().result() ? *r.error().result() : completed_process();
  }
};
INSTANTIATE_TEST_SUITE_P(All, NoMoreAttempts, support::all_levels(), support::level_name);

TEST_P(NoMoreAttempts, WhileOneRuns) {
  EXPECT_EQ(stopped(counted({"pause"}), tried(), "attempts").reason, reason::cancelled);
  EXPECT_EQ(attempts(), 1U);
}

// The command has ended badly by itself; its child holds the pipe.
TEST_P(NoMoreAttempts, WhileOneIsDraining) {
  auto o = tried();
  o.drain_grace = brood::duration::infinite();
  // Under process and group nobody stops the child: it ends when the test has seen the stop.
  const command c =
      counted({"setsid-bg", "sleep", "0.3", "+", "ready", path("left"), "+", "exit", "1"});
  EXPECT_EQ(stopped(c, o, "left").status.code(), 1);
  EXPECT_EQ(attempts(), 1U);
  EXPECT_TRUE(support::none_survive());
}

TEST_P(NoMoreAttempts, WhileOneIsTimingOut) {
  auto o = tried();
  o.timeout = 50ms;
  o.stop = {{SIGUSR1, 10s}, {SIGKILL, {}}};
  const command c = counted({"wait-signal", "USR1", "+", "ready", path("asked"), "+", "pause"});
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(stopped(c, o, "asked").reason, reason::timed_out);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 9s)
      << "asked again, it goes straight to KILL";
  EXPECT_EQ(attempts(), 1U);
}

TEST_P(NoMoreAttempts, BetweenTwo) {
  auto o = tried();
  o.retry.delay = 1h;
  loop l;
  std::stop_source source;
  auto tries = async_run(l, counted({"fork-tree", "0", "0", path("pid"), "+", "exit", "1"}), o,
                         source.get_token());
  l.spawn([](loop& in, std::stop_source s, std::string file) -> task<> {
    while (support::lines_of(file).empty()) co_await brood::sleep_for(in, 1ms);
    const int pid = std::stoi(support::lines_of(file)[0]);
    while (support::pid_alive(pid)) co_await brood::sleep_for(in, 1ms);
    co_await brood::sleep_for(in, 50ms);  // its end is heard
    s.request_stop();
  }(l, source, path("pid")));
  const auto r = brood::sync_wait(l, std::move(tries));
  EXPECT_EQ(r.reason, reason::cancelled);
  EXPECT_EQ(attempts(), 1U);
}

// --- pools ---

TEST_P(NoMoreAttempts, AJobThatIsCancelledBetweenTwoKeepsThem) {
  pool p({.max_workers = 1});
  auto o = tried();
  o.retry.delay = 1h;
  const job j = p.submit(counted({"out", "said", "+", "exit", "3"}), o);
  ASSERT_TRUE(support::poll_until(support::patience,
                                  [&] { return j.state() == brood::job_state::waiting; }));
  j.cancel();
  const auto r = j.result();
  EXPECT_EQ(r.reason, reason::cancelled);
  ASSERT_EQ(r.attempts.size(), 1U);
  EXPECT_EQ(r.attempts[0].status.code(), 3);
  EXPECT_EQ(r.attempts[0].out, "said");
  EXPECT_EQ(attempts(), 1U);
}

class PoolCancel : public support::os_test {};

TEST_F(PoolCancel, FailFastSparesWhatIsSubmittedLater) {
  pool p({.max_workers = 1, .fail_fast = true});
  const job bad = p.submit({helper(), "exit", "1"});
  const job queued = p.submit({helper(), "exit", "0"});
  EXPECT_EQ(bad.result().status.code(), 1);
  p.wait();
  EXPECT_TRUE(queued.result().reason == reason::cancelled || queued.result().success());
  const job later = p.submit({helper(), "exit", "0"});
  EXPECT_TRUE(later.result().success());
}

// The second submit finds the pool shut: the first job is not left without a handle.
TEST_F(PoolCancel, AMapThatCannotSubmitAllCancelsWhatItSubmitted) {
  pool p({.max_workers = 1, .max_queued = 1, .timeout = 300ms});
  const options o{.stop = {{SIGTERM, 100ms}, {SIGKILL, {}}}};
  const std::vector<command> waits(5, {helper(), "pause"});
  EXPECT_THROW((void)p.try_map(waits, o), brood::usage_error);
  EXPECT_TRUE(p.wait_for(support::patience));
  EXPECT_EQ(p.count().failed, p.count().done);
}

TEST_F(PoolCancel, AMapIntoAPoolThatShutsDownMeanwhileCancelsWhatItSubmitted) {
  pool p({.max_workers = 1, .max_queued = 1});
  std::thread mapper([&] {
    const std::vector<command> waits(5, {helper(), "ready", path("ready"), "+", "pause"});
    EXPECT_THROW((void)p.try_map(waits), brood::usage_error);
  });
  EXPECT_EQ(support::wait_for_file_line_count(path("ready"), 1).size(), 1U);
  p.shutdown();  // returns, as nothing that runs is left
  mapper.join();
  EXPECT_EQ(p.count().running, 0U);
}

}  // namespace
