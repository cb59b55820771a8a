// Jobs of a pool that start side by side: none waits for another's exec.
// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <brood/brood.hpp>

#include "support/clean.hpp"
#include "support/files.hpp"
#include "support/helper.hpp"
#include "support/lease.hpp"

namespace {

using namespace std::chrono_literals;
using brood::containment;
using brood::job;
using brood::job_state;
using brood::PIPE;
using brood::pool;
using brood::reason;
using support::helper;

class SideBySide : public support::os_test, public ::testing::WithParamInterface<containment> {
 protected:
  void SetUp() override {
    os_test::SetUp();
    slow_ = std::make_unique<support::held_program>(helper(), path("slow"));
    if (!slow_->held()) GTEST_SKIP() << "no leases on this file system";
  }
  void TearDown() override {
    slow_.reset();
    os_test::TearDown();
  }
  brood::options captured() const { return {.out = PIPE, .contain = GetParam()}; }

  std::unique_ptr<support::held_program> slow_;
};

INSTANTIATE_TEST_SUITE_P(All, SideBySide,
                         ::testing::Values(containment::process, containment::group,
                                           containment::tree, containment::sealed),
                         [](const auto& i) { return std::string(brood::to_string(i.param)); });

TEST_P(SideBySide, AStartThatTakesLongHoldsNoOther) {
  pool p({.max_workers = 2});
  const job late = p.submit({slow_->path(), "out", "late"}, captured());
  for (int i = 0; i < 5; ++i) {
    EXPECT_EQ(p.submit({helper(), "out", "x"}, captured()).result().out, "x");
  }
  EXPECT_FALSE(late.done());
  slow_->release();
  EXPECT_EQ(late.result().out, "late");
}

TEST_P(SideBySide, AJobThatIsStuckInExecCanBeCancelled) {
  pool p({.max_workers = 2});
  const job stuck = p.submit({slow_->path(), "pause"}, captured());
  ASSERT_TRUE(support::poll_until(support::patience, [&] { return stuck.pid() > 0; }));
  stuck.cancel();
  const auto r = stuck.result();
  EXPECT_EQ(r.reason, reason::cancelled);
  EXPECT_EQ(r.status.signal(), SIGKILL);
}

// A child between clone and exec has copies of all our descriptors.
TEST_P(SideBySide, TheInputOfAJobEndsThoughAnotherIsStuckInExec) {
  const std::string large(8 << 20, 'x');  // more than a pipe holds
  pool p({.max_workers = 2});
  brood::options o = captured();
  o.input = large;
  const job reads = p.submit({helper(), "block-signals", "USR1", "+", "ready", path("ready"), "+",
                              "wait-signal", "USR1", "+", "swallow"},
                             o);
  ASSERT_EQ(support::wait_for_file_line_count(path("ready"), 1).size(), 1U);
  const job stuck = p.submit({slow_->path(), "out", "late"}, captured());
  ASSERT_TRUE(support::poll_until(support::patience, [&] { return stuck.pid() > 0; }));
  const pid_t reader = reads.pid();
  ASSERT_GT(reader, 1);
  ASSERT_EQ(::kill(reader, SIGUSR1), 0);
  EXPECT_NE(reads.result().out.find(std::to_string(large.size())), std::string::npos);
  EXPECT_FALSE(stuck.done());
  slow_->release();
  EXPECT_EQ(stuck.result().out, "late");
}

TEST_P(SideBySide, ManyThatAreStuckHoldNoOther) {
  pool p({.max_workers = 25});
  std::vector<job> stuck;
  for (int i = 0; i < 20; ++i) {
    stuck.push_back(p.submit({slow_->path(), "out", "late"}, captured()));
  }
  EXPECT_EQ(p.submit({helper(), "out", "x"}, captured()).result().out, "x");
  stuck.front().cancel();
  EXPECT_EQ(stuck.front().result().reason, reason::cancelled);
  for (const job& j : stuck) EXPECT_TRUE(!j.done() || j.id() == stuck.front().id());
  slow_->release();
  for (std::size_t i = 1; i < stuck.size(); ++i) EXPECT_EQ(stuck[i].result().out, "late");
}

TEST_P(SideBySide, ATimeLimitEndsAJobThatIsStuckInExec) {
  pool p({.max_workers = 2});
  brood::options o = captured();
  o.timeout = 50ms;
  const job stuck = p.submit({slow_->path(), "pause"}, o);
  const auto r = stuck.try_result();
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().kind(), brood::error_kind::timed_out);
}

TEST_P(SideBySide, TheEnvironmentIsThatOfTheStart) {
  ::setenv("BROOD_SIDE", "before", 1);
  pool p({.max_workers = 2});
  const job late = p.submit({slow_->path(), "env", "BROOD_SIDE"}, captured());
  EXPECT_TRUE(support::poll_until(support::patience, [&] { return late.pid() > 0; }));
  ::setenv("BROOD_SIDE", "after", 1);
  slow_->release();
  EXPECT_EQ(late.result().out, "BROOD_SIDE=before\n");
  ::unsetenv("BROOD_SIDE");
}

TEST_P(SideBySide, MoreThanThereAreStacksFor) {
  slow_->release();
  pool p({.max_workers = 50});
  std::vector<job> all;
  for (int i = 0; i < 200; ++i) {
    const std::string program = i % 10 == 3 ? path("missing") : i % 2 ? slow_->path() : helper();
    all.push_back(p.submit({program, "out", std::to_string(i)}, captured()));
  }
  for (int i = 0; i < 200; ++i) {
    const auto r = all[static_cast<std::size_t>(i)].try_result();
    if (i % 10 == 3) {
      ASSERT_FALSE(r);
      EXPECT_EQ(r.error().kind(), brood::error_kind::not_found);
    } else {
      ASSERT_TRUE(r) << r.error().what();
      EXPECT_EQ(r->out, std::to_string(i));
    }
  }
  EXPECT_EQ(p.count().failed, 20U);
}

TEST_P(SideBySide, AFailureBetweenCloneAndExecIsExplained) {
  slow_->release();
  pool p({.max_workers = 2});
  brood::options o = captured();
  o.cwd = path("missing");
  const job first = p.submit({helper(), "cwd"}, o);
  const job second = p.submit({helper(), "cwd"}, o);
  for (const job& j : {first, second}) {
    const auto r = j.try_result();
    ASSERT_FALSE(r);
    EXPECT_EQ(r.error().stage(), brood::error_stage::chdir);
    EXPECT_EQ(r.error().subject(), path("missing"));
  }
}

// The user has a process already, so the exec of a second is refused: which passes as the first
// ends.
TEST_P(SideBySide, AShortageThatExecFindsIsWaitedFor) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  const unsigned somebody = 100'000 + static_cast<unsigned>(::getpid());  // nobody else's
  pool p({.max_workers = 2});
  brood::options first = captured();
  first.user = somebody;
  first.cwd = "/";
  brood::options second = first;
  second.limits.processes = 0;
  const job holds = p.submit({helper(), "out", "r\\n", "+", "sleep", "0.3"}, first);
  ASSERT_TRUE(support::poll_until(support::patience, [&] { return holds.pid() > 0; }));
  const job waits = p.submit({helper(), "out", "x"}, second);
  const auto r = waits.try_result();
  ASSERT_TRUE(r) << r.error().what();
  EXPECT_EQ(r->out, "x");
}

}  // namespace
