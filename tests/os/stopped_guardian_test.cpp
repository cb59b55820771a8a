// Jobs that halt whoever is above them, and sealed commands that were let go.
// SPDX-License-Identifier: Apache-2.0
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <brood/brood.hpp>

#include "support/clean.hpp"
#include "support/files.hpp"
#include "support/helper.hpp"
#include "sys/proc.hpp"

namespace {

using namespace std::chrono_literals;
using brood::containment;
using brood::reason;
using support::helper;

brood::options sealed() {
  return {.stop = {{SIGTERM, 50ms}, {SIGKILL, {}}}, .contain = containment::sealed};
}

class HaltedGuardian : public support::os_test {
 protected:
  std::vector<std::string> command() const { return support::halt_guardian(path("ready")); }
  void expect_both_ready() const {
    EXPECT_EQ(support::wait_for_file_line_count(path("ready"), 2).size(), 2U);
  }
  void TearDown() override {
    EXPECT_TRUE(support::none_survive());
    os_test::TearDown();
  }
};

TEST_F(HaltedGuardian, DoesNotKeepATimeLimitFromHolding) {
  auto o = sealed();
  o.timeout = 200ms;
  const auto r = brood::try_run(command(), o);
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().kind(), brood::error_kind::timed_out);
  EXPECT_TRUE(support::none_survive()) << "after the call";
}

TEST_F(HaltedGuardian, DoesNotKeepAStopFromItsWork) {
  auto p = brood::spawn(command(), sealed());
  expect_both_ready();
  EXPECT_TRUE(p.stop().signal());
  EXPECT_TRUE(support::survivors().empty()) << "after the call";
}

TEST_F(HaltedGuardian, DoesNotKeepAPoolFromEnding) {
  brood::pool all({.max_workers = 2});
  const brood::job halts = all.submit(command(), sealed());
  expect_both_ready();
  EXPECT_TRUE(all.submit({helper(), "exit", "0"}, sealed()).result().success());
  halts.cancel();
  EXPECT_EQ(halts.result().reason, reason::cancelled);
}

TEST_F(HaltedGuardian, DoesNotKeepTheTreeAfterTheDeathOfTheHost) {
  const pid_t host = fork();
  ASSERT_GE(host, 0);
  if (host == 0) {
    (void)brood::try_run(command(), sealed());
    _exit(1);
  }
  expect_both_ready();
  support::kill_pid(host);
  ASSERT_EQ(waitpid(host, nullptr, 0), host);
}

// The command ends by itself, and nobody limits it.
class HaltedGuardianOfOneThatEnds : public support::os_test {
 protected:
  const brood::command ends_{helper(), "signal-parent", "STOP", "+", "exit", "7"};
};

TEST_F(HaltedGuardianOfOneThatEnds, DoesNotKeepRunFromReturning) {
  EXPECT_EQ(brood::run(ends_, sealed()).status.code(), 7);
}

TEST_F(HaltedGuardianOfOneThatEnds, DoesNotKeepAHandleFromIt) {
  auto p = brood::spawn(ends_, sealed());
  EXPECT_EQ(p.wait().code(), 7);
}

TEST_F(HaltedGuardianOfOneThatEnds, DoesNotKeepItsOutputFromBeingRead) {
  auto o = sealed();
  o.capture_output = true;
  EXPECT_EQ(brood::run({helper(), "signal-parent", "STOP", "+", "out", "a"}, o).out, "a");
}

TEST_F(HaltedGuardianOfOneThatEnds, DoesNotKeepAPoolFromItsNextJob) {
  brood::pool all({.max_workers = 1});
  const brood::job first = all.submit(ends_, sealed());
  const brood::job second = all.submit({helper(), "exit", "0"}, sealed());
  EXPECT_EQ(first.result().status.code(), 7);
  EXPECT_TRUE(second.result().success());
}

// --- let go ---

class LetGo : public support::os_test {};

TEST_F(LetGo, ASealedCommandLivesOnWhateverIsCalled) {
  auto o = sealed();
  o.in = o.out = brood::PIPE;
  auto p = brood::spawn({helper(), "bg", "ready", path("ready"), ",", "pause", "+", "on-term",
                         "bye", "9", "+", "out", "up\n", "+", "read-input-line", "+", "pause"},
                        o);
  ASSERT_EQ(p.out().read_line(), "up\n");
  ASSERT_EQ(support::wait_for_file_line_count(path("ready"), 1).size(), 1U);
  p.detach();
  EXPECT_FALSE(p.poll());
  EXPECT_FALSE(p.wait_for(10ms));
  p.in().write("x\n");
  EXPECT_EQ(p.out().read_line(), "got: x\n");
  EXPECT_EQ(support::survivors().size(), 2U) << "the guardian has gone, the tree has not";
  p.send_signal(SIGTERM);
  std::string word(3, '\0');
  EXPECT_EQ(p.out().read(std::span<char>(word)), 3U);
  EXPECT_EQ(word, "bye");
  (void)p.wait_for(support::patience);
  EXPECT_TRUE(p.poll()) << "that it ended is known, though not how";
  const auto left = support::survivors();
  EXPECT_EQ(left.size(), 1U) << "its child is nobody's to stop";
  for (const support::survivor& s : left) support::kill_pid(s.pid);
}

TEST_F(LetGo, ASealedCommandAndWhatIsBelowItCanStillBeHaltedAndStopped) {
  auto o = sealed();
  o.out = brood::PIPE;
  auto p = brood::spawn({helper(), "bg", "ready", path("ready"), ",", "pause", "+", "ready",
                         path("ready"), "+", "pause"},
                        o);
  ASSERT_EQ(support::wait_for_file_line_count(path("ready"), 2).size(), 2U);
  p.detach();
  p.suspend();
  const auto halted = [&] {
    int count = 0;
    for (const support::survivor& s : support::survivors())
      count += brood::detail::sys::is_stopped(s.pid) ? 1 : 0;
    return count == 2;
  };
  EXPECT_TRUE(support::poll_until(support::patience, halted));
  p.resume();
  (void)p.stop();
  EXPECT_TRUE(p.poll());
  EXPECT_TRUE(support::none_survive());
}

}  // namespace
