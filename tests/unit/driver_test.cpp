// The driver, with scripted events and a clock of the test's: no process is started.
// SPDX-License-Identifier: Apache-2.0
#include "process/driver.hpp"

#include <csignal>
#include <random>

#include <gtest/gtest.h>

namespace {

using brood::reason;
using brood::detail::deadline;
using brood::detail::driver;
using brood::detail::ladder;
using brood::detail::ladder_steps;
using state = driver::state;

constexpr std::int64_t ms = 1'000'000;
constexpr std::int64_t second = 1000 * ms;

ladder_steps term_then_kill() {
  ladder_steps l;
  l.rungs[0] = {SIGTERM, 5 * second};
  l.rungs[1] = {SIGKILL, 0};
  l.count = 2;
  return l;
}

driver::policy plain() {
  driver::policy p;
  p.stop = term_then_kill();
  return p;
}

/// A command without streams that runs.
driver::facts running(std::int64_t now) {
  driver::facts f;
  f.now = now;
  return f;
}

driver::facts exited(std::int64_t now) {
  driver::facts f = running(now);
  f.exited = true;
  f.exited_at = now;
  return f;
}

TEST(Driver, ACommandThatEndsByItselfIsOver) {
  driver d(plain());
  EXPECT_EQ(d.at(), state::starting);
  EXPECT_EQ(d.step(running(0)).until, deadline::never());
  EXPECT_EQ(d.at(), state::running);
  (void)d.step(exited(ms));
  EXPECT_TRUE(d.ended());
  EXPECT_EQ(d.cause(), reason::not_started);
  EXPECT_TRUE(d.complete());
}

TEST(Driver, ACommandThatDidNotStartIsOver) {
  driver d(plain());
  driver::facts f = running(0);
  f.started = false;
  (void)d.step(f);
  EXPECT_EQ(d.at(), state::starting);
  d.stop(reason::cancelled, term_then_kill());
  f.refused = true;
  (void)d.step(f);
  EXPECT_TRUE(d.ended());
  EXPECT_FALSE(d.stopping());
}

TEST(Driver, WaitsForTheEndOfTheStreams) {
  driver d(plain());
  driver::facts f = exited(ms);
  f.reading = true;
  EXPECT_EQ(d.step(f).until, deadline::never());
  EXPECT_EQ(d.at(), state::draining);
  f.now = 3600 * second;
  (void)d.step(f);
  EXPECT_EQ(d.at(), state::draining);
  f.reading = false;
  (void)d.step(f);
  EXPECT_TRUE(d.ended());
  EXPECT_TRUE(d.complete());
}

TEST(Driver, GivesSilentStreamsUpAfterTheirGrace) {
  driver::policy p = plain();
  p.drain_grace_ns = 100 * ms;
  driver d(p);
  driver::facts f = exited(10 * ms);
  f.reading = true;
  EXPECT_EQ(d.step(f).until, deadline::at(110 * ms));
  f.now = 50 * ms;
  f.last_output = 50 * ms;  // it is not silent yet
  EXPECT_EQ(d.step(f).until, deadline::at(150 * ms));
  f.now = 150 * ms;
  EXPECT_TRUE(d.step(f).give_up);
  EXPECT_TRUE(d.ended());
  EXPECT_FALSE(d.complete());
}

TEST(Driver, StreamsOfTheCallersAreNotGivenUp) {
  driver::policy p = plain();
  p.drain_grace_ns = 100 * ms;
  p.timeout = deadline::at(second);
  driver d(p);
  driver::facts f = exited(10 * ms);
  f.reading = true;
  f.draining = false;
  f.now = 10 * second;
  const driver::orders o = d.step(f);
  EXPECT_FALSE(o.give_up);
  EXPECT_EQ(o.until, deadline::never());
  EXPECT_EQ(d.at(), state::draining);
  f.draining = true;  // they are handed over
  EXPECT_TRUE(d.step(f).give_up);
}

TEST(Driver, ATimeLimitGoesDownTheLadder) {
  driver::policy p = plain();
  p.timeout = deadline::at(second);
  driver d(p);
  EXPECT_EQ(d.step(running(0)).until, deadline::at(second));
  driver::orders o = d.step(running(second));
  EXPECT_EQ(d.at(), state::stopping);
  EXPECT_EQ(o.deliver.signal, SIGTERM);
  EXPECT_TRUE(o.deliver.fresh);
  EXPECT_EQ(d.cause(), reason::timed_out);
  // Newcomers are looked for now and then.
  EXPECT_EQ(o.until, deadline::at(second + ms));
  o = d.step(running(second + ms));
  EXPECT_EQ(o.deliver.signal, SIGTERM);
  EXPECT_FALSE(o.deliver.fresh);
  o = d.step(running(6 * second));
  EXPECT_EQ(o.deliver.signal, SIGKILL);
  EXPECT_TRUE(o.deliver.fresh);
  driver::facts f = exited(6 * second + ms);
  f.empty = true;
  (void)d.step(f);
  EXPECT_TRUE(d.ended());
  EXPECT_TRUE(d.stopped());
  EXPECT_FALSE(d.gave_up());
  EXPECT_EQ(d.cause(), reason::timed_out);
}

TEST(Driver, AnExitInTimeIsNoTimeout) {
  driver::policy p = plain();
  p.timeout = deadline::at(second);
  driver d(p);
  driver::facts f = exited(900 * ms);
  f.reading = true;  // a grandchild holds the pipe
  EXPECT_EQ(d.step(f).until, deadline::at(second));
  f.now = second;
  EXPECT_TRUE(d.step(f).give_up);
  EXPECT_TRUE(d.ended());
  EXPECT_EQ(d.cause(), reason::not_started);
  EXPECT_FALSE(d.complete());
}

TEST(Driver, ATimeLimitOfSilenceCountsFromTheLastOutput) {
  driver::policy p = plain();
  p.idle_ns = second;
  driver d(p);
  driver::facts f = running(0);
  EXPECT_EQ(d.step(f).until, deadline::at(second));
  f.now = f.last_output = 900 * ms;
  EXPECT_EQ(d.step(f).until, deadline::at(1900 * ms));
  f.now = 1900 * ms;
  (void)d.step(f);
  EXPECT_EQ(d.cause(), reason::idle_timed_out);
}

TEST(Driver, TooMuchOutputStops) {
  driver d(plain());
  driver::facts f = running(0);
  f.exceeded = true;
  EXPECT_EQ(d.step(f).deliver.signal, SIGTERM);
  EXPECT_EQ(d.cause(), reason::output_limit);
}

TEST(Driver, TheEndOfTheLeaderDoesNotEndTheStop) {
  driver d(plain());
  (void)d.step(running(0));
  d.stop(reason::cancelled, term_then_kill());
  EXPECT_EQ(d.step(running(0)).deliver.signal, SIGTERM);
  driver::facts f = exited(ms);
  (void)d.step(f);
  EXPECT_EQ(d.at(), state::stopping);
  f.now = 5 * second;
  EXPECT_EQ(d.step(f).deliver.signal, SIGKILL);
  f.empty = true;
  (void)d.step(f);
  EXPECT_TRUE(d.ended());
  EXPECT_EQ(d.cause(), reason::cancelled);
}

TEST(Driver, AskedAgainItGoesStraightToSigkill) {
  driver d(plain());
  (void)d.step(running(0));
  d.stop(reason::cancelled, term_then_kill());
  EXPECT_EQ(d.step(running(0)).deliver.signal, SIGTERM);
  d.stop(reason::timed_out, term_then_kill());
  EXPECT_EQ(d.step(running(0)).deliver.signal, SIGKILL);
  EXPECT_EQ(d.cause(), reason::cancelled);

  driver twice(plain());  // before it had a chance to begin
  twice.stop(reason::cancelled, term_then_kill());
  twice.stop(reason::cancelled, term_then_kill());
  EXPECT_EQ(twice.step(running(0)).deliver.signal, SIGKILL);
}

TEST(Driver, AStopBeforeTheExecWaitsAMomentAndThenKills) {
  driver d(plain());
  driver::facts f = running(0);
  f.started = false;
  d.stop(reason::cancelled, term_then_kill());
  driver::orders o = d.step(f);
  EXPECT_EQ(o.deliver.signal, 0);
  ASSERT_FALSE(o.until.is_never()) << "it is looked whether the exec is over";
  f.now = 20 * ms;
  EXPECT_EQ(d.step(f).deliver.signal, SIGKILL);

  driver got_over(plain());
  f.now = 0;
  got_over.stop(reason::cancelled, term_then_kill());
  (void)got_over.step(f);
  EXPECT_EQ(got_over.step(running(ms)).deliver.signal, SIGTERM);
}

TEST(Driver, AStopAfterTheEndReachesWhatIsLeft) {
  driver d(plain());
  (void)d.step(exited(0));
  EXPECT_TRUE(d.ended());
  d.stop(reason::cancelled, term_then_kill());
  EXPECT_FALSE(d.ended());
  EXPECT_EQ(d.step(exited(ms)).deliver.signal, SIGTERM);
  driver::facts f = exited(2 * ms);
  f.empty = true;
  (void)d.step(f);
  EXPECT_TRUE(d.ended());
  EXPECT_EQ(d.cause(), reason::not_started) << "it had ended by itself";
}

TEST(Driver, WhatASealedCommandLeavesBehindIsStopped) {
  driver::policy p = plain();
  p.leaves_nothing = true;
  driver d(p);
  (void)d.step(running(0));
  EXPECT_TRUE(d.wants_empty());
  driver::facts f = exited(ms);
  f.hears_of_empty = true;
  const driver::orders o = d.step(f);
  EXPECT_EQ(d.at(), state::stopping);
  EXPECT_EQ(o.deliver.signal, SIGTERM);
  EXPECT_EQ(o.until, deadline::at(ms + 5 * second)) << "that nobody is left will be an event";
  f.empty = true;
  (void)d.step(f);
  EXPECT_TRUE(d.ended());
  EXPECT_EQ(d.cause(), reason::not_started);
}

TEST(Driver, ASealedCommandThatLeavesNothingIsOver) {
  driver::policy p = plain();
  p.leaves_nothing = true;
  driver d(p);
  driver::facts f = exited(ms);
  f.empty = true;
  (void)d.step(f);
  EXPECT_TRUE(d.ended());
  EXPECT_FALSE(d.stopping());
}

TEST(Driver, ALostGuardianKills) {
  driver d(plain());
  driver::facts f = running(0);
  f.lost = true;
  EXPECT_EQ(d.step(f).deliver.signal, SIGKILL);
}

TEST(Driver, AfterSigkillItGivesUpInTheEnd) {
  driver d(plain());
  ladder_steps kill;
  kill.rungs[0] = {SIGKILL, 0};
  kill.count = 1;
  d.stop(reason::cancelled, kill);
  EXPECT_EQ(d.step(running(0)).deliver.signal, SIGKILL);
  driver::facts f = running(4 * second);
  f.reading = true;
  (void)d.step(f);
  EXPECT_FALSE(d.gave_up());
  f.now = 5 * second;
  (void)d.step(f);
  EXPECT_TRUE(d.gave_up());
  f.now = 5 * second + 100 * ms;
  EXPECT_TRUE(d.step(f).give_up);
  EXPECT_TRUE(d.ended());
}

TEST(Driver, AProcessThatMayNotBeKilledIsNotWaitedForLong) {
  driver d(plain());
  ladder_steps kill;
  kill.rungs[0] = {SIGKILL, 0};
  kill.count = 1;
  d.stop(reason::cancelled, kill);
  driver::facts f = running(0);
  f.unkillable = true;
  (void)d.step(f);
  f.now = 100 * ms;
  (void)d.step(f);
  EXPECT_TRUE(d.gave_up());
}

/// Drives one with random events, in a world in which everything that is due comes late or early.
class world {
 public:
  explicit world(unsigned seed) : random_(seed) {
    policy_ = plain();
    if (chance(2)) policy_.timeout = deadline::at(span(10 * second));
    if (chance(3)) policy_.idle_ns = span(5 * second);
    if (chance(2)) policy_.drain_grace_ns = span(second);
    policy_.leaves_nothing = chance(3);
  }

  void run() {
    driver d(policy_);
    driver::facts f;
    f.started = !chance(3);
    f.hears_of_empty = chance(3);
    f.reading = chance(2);
    bool was_over = false;
    deadline killed;
    for (int i = 0; i < 2000 && !(d.ended() && was_over); ++i) {
      const reason cause = d.cause();
      const bool complete = d.complete();
      was_over = d.ended();
      if (!was_over && chance(20)) d.stop(reason::cancelled, term_then_kill());
      const driver::orders o = d.step(f);
      if (was_over) {  // nothing after the end
        EXPECT_EQ(o.deliver.signal, 0);
        EXPECT_FALSE(o.give_up);
        EXPECT_EQ(d.cause(), cause);
        EXPECT_EQ(d.complete(), complete);
        break;
      }
      if (cause != reason::not_started || f.exited) {
        EXPECT_EQ(d.cause(), cause) << "it is decided once, and not after the exit";
      }
      if (o.deliver.signal == SIGKILL) killed = earlier(killed, deadline::at(f.now));
      // Every deadline is kept: what is due makes it act, never wait for something later.
      if (!o.until.is_never()) {
        EXPECT_GT(o.until.ns(), f.now);
      }
      if (policy_.timeout.passed(f.now) && !f.exited) {
        EXPECT_TRUE(d.stopping() || d.ended());
      }
      go_on(f, o, killed);
    }
    EXPECT_TRUE(d.ended()) << "it ends, whatever comes";
  }

 private:
  bool chance(unsigned one_in) { return random_() % one_in == 0; }
  std::int64_t span(std::int64_t most) {
    return static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(most)) + 1;
  }

  void go_on(driver::facts& f, const driver::orders& o, deadline killed) {
    const std::int64_t next = f.now + span(second);
    f.now = !o.until.is_never() && chance(2) ? std::max(f.now, o.until.ns()) : next;
    if (!f.started) {
      f.refused = chance(10);
      f.started = !f.refused && chance(2);
    }
    const bool dead = !killed.is_never() && !chance(4);
    if (f.started && !f.exited && (dead || chance(15))) {
      f.exited = true;
      f.exited_at = f.now;
    }
    if (f.exited && (dead || chance(5))) f.empty = true;
    if (f.reading && chance(4)) f.last_output = f.now;
    if (f.reading && (f.empty || chance(30))) f.reading = !chance(2);
    if (f.reading && chance(50)) f.exceeded = true;
    if (f.started && !f.exited && chance(100)) f.lost = true;
    if (f.lost) f.hears_of_empty = false;
  }

  std::mt19937 random_;
  driver::policy policy_;
};

TEST(Driver, KeepsItsPromisesWhateverTheOrderOfEvents) {
  for (unsigned seed = 0; seed < 20'000 && !testing::Test::HasFailure(); ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    world(seed).run();
  }
}

}  // namespace
