// Limits of time, CPU, files and descriptors, and that a call with a deadline returns by then.
// SPDX-License-Identifier: Apache-2.0
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <brood/brood.hpp>

#include "support/files.hpp"
#include "support/helper.hpp"
#include "support/levels.hpp"
#include "support/temp_pipe.hpp"

namespace {

using namespace std::chrono_literals;
using brood::containment;
using brood::options;
using brood::reason;
using support::helper;
using clock = std::chrono::steady_clock;

brood::expected<brood::completed_process, brood::error> try_run(
    const std::vector<std::string>& verbs, containment level, options o) {
  std::vector<std::string> words{helper()};
  words.insert(words.end(), verbs.begin(), verbs.end());
  o.contain = level;
  return brood::try_run(words, o);
}

class Limits : public support::level_test {
 protected:
  static brood::completed_process run(const std::vector<std::string>& verbs, options o) {
    return try_run(verbs, GetParam(), std::move(o)).value();
  }
  // The result of a command that a limit of time must stop.
  static brood::completed_process stopped(const std::vector<std::string>& verbs, options o) {
    const auto r = try_run(verbs, GetParam(), std::move(o));
    if (r || r.error().result() == nullptr) {
      ADD_FAILURE() << "it was not stopped, or there is no result";
      return {};
    }
    EXPECT_EQ(r.error().kind(), brood::error_kind::timed_out);
    EXPECT_FALSE(r.error().result()->accepted);
    return *r.error().result();
  }
};
INSTANTIATE_TEST_SUITE_P(All, Limits, support::all_levels(), support::level_name);

TEST_P(Limits, ATimeoutStopsAndKeepsWhatCame) {
  const options o{.capture_output = true, .timeout = 300ms, .contain = GetParam()};
  const auto r = stopped({"out", "partial", "+", "pause"}, o);
  EXPECT_EQ(r.reason, reason::timed_out);
  EXPECT_EQ(r.out, "partial");
  EXPECT_EQ(r.status.signal(), SIGTERM);
  EXPECT_THROW((void)brood::run({helper(), "pause"}, o), brood::timeout_expired);
}

TEST_P(Limits, ACommandThatIgnoresTermIsKilled) {
  const auto r =
      stopped({"ignore", "TERM", "+", "out", "x", "+", "pause"},
              {.out = brood::PIPE, .timeout = 300ms, .stop = {{SIGTERM, 50ms}, {SIGKILL, {}}}});
  EXPECT_EQ(r.status.signal(), SIGKILL);
  EXPECT_EQ(r.reason, reason::timed_out);
  EXPECT_EQ(r.out, "x");
}

TEST_P(Limits, ACommandMayEndWellOnTheLadder) {
  const auto r =
      stopped({"on-term", "bye", "6", "+", "pause"}, {.out = brood::PIPE, .timeout = 300ms});
  EXPECT_EQ(r.status.code(), 6);
  EXPECT_EQ(r.reason, reason::timed_out);
  EXPECT_EQ(r.out, "bye");
}

TEST_P(Limits, SilenceBeyondTheIdleTimeoutStops) {
  const auto r = stopped({"drip", "8", "100", "x", "+", "pause"},
                         {.out = brood::PIPE, .timeout = 60s, .idle_timeout = 700ms});
  EXPECT_EQ(r.reason, reason::idle_timed_out);
  EXPECT_EQ(r.out, "xxxxxxxx");
}

TEST_P(Limits, CpuAndFileSizeLimitsAreSaidAsReasons) {
  const auto cpu = run({"burn-cpu", "30"}, {.limits = {.cpu_time = 1s}});
  EXPECT_EQ(cpu.reason, reason::cpu_limit);
  EXPECT_EQ(cpu.status.signal(), SIGXCPU);
  const auto size = run({"write-file", path("big"), "1M"}, {.limits = {.file_size = 1000}});
  EXPECT_EQ(size.reason, reason::file_size_limit);
  EXPECT_EQ(size.status.signal(), SIGXFSZ);
  EXPECT_EQ(support::read_file(path("big")).size(), 1000U);
}

TEST_P(Limits, DescriptorsRunOut) {
  const auto r = run({"open-files", "20"}, {.capture_output = true, .limits = {.open_files = 10}});
  ASSERT_NE(r.out, "");
  EXPECT_LT(std::stoi(r.out), 10);
}

TEST_P(Limits, MemoryRunsOut) {
  const auto r =
      run({"eat-memory", "512M"}, {.out = brood::PIPE, .limits = {.address_space = 256U << 20}});
  EXPECT_EQ(r.out, "ENOMEM\n");
}

// After the exit the silence, not the timeout, ends the wait, but under containment::process.
TEST_P(Limits, AGrandchildThatHoldsThePipeIsNotATimeout) {
  const auto begin = clock::now();
  const bool waits = GetParam() == containment::process;
  const auto r = run({"hold-pipe", "60", "+", "exit", "0"},
                     {.capture_output = true, .timeout = waits ? brood::duration(300ms) : 50s});
  EXPECT_LT(clock::now() - begin, support::patience);
  EXPECT_EQ(r.reason, reason::exited);
  EXPECT_TRUE(r.success());
  EXPECT_FALSE(r.complete);
  ASSERT_NE(r.out, "");
  const pid_t holder = std::stoi(r.out);
  EXPECT_EQ(support::pid_alive(holder), GetParam() != containment::sealed);
  if (support::pid_alive(holder)) support::kill_pid(holder);
  EXPECT_TRUE(support::wait_gone(holder));
}

TEST_P(Limits, ADrainGraceHoldsUnderEachLevel) {
  const auto begin = clock::now();
  const auto r = run({"hold-pipe", "60", "+", "exit", "5"},
                     {.out = brood::PIPE, .timeout = 50s, .drain_grace = 100ms});
  EXPECT_LT(clock::now() - begin, support::patience);
  EXPECT_EQ(r.reason, reason::exited);
  EXPECT_EQ(r.status.code(), 5);
  EXPECT_FALSE(r.complete);
  ASSERT_NE(r.out, "");
  const pid_t holder = std::stoi(r.out);
  if (support::pid_alive(holder)) support::kill_pid(holder);
  EXPECT_TRUE(support::wait_gone(holder));
}

// --- a grandchild that holds the pipe and does not care for TERM
// ----------------------------------

struct holder_case {
  const char* verb;
  containment reached_from;  // the lowest level that reaches it
};

class Holder : public support::os_test,
               public ::testing::WithParamInterface<std::tuple<containment, holder_case>> {
 protected:
  static constexpr auto timeout = 700ms;
  static constexpr auto grace = 200ms;
  static constexpr auto slack = 500ms;

  // Once, or up to three times where the machine, not the call, was late.
  static brood::expected<brood::completed_process, brood::error> run_on_time(
      const std::vector<std::string>& verbs, brood::options o = {.in = brood::DEVNULL}) {
    o.out = brood::PIPE;
    o.timeout = timeout;
    o.stop = {{SIGTERM, grace}, {SIGKILL, {}}};
    for (int attempt = 1;; ++attempt) {
      const auto begin = clock::now();
      auto r = try_run(verbs, std::get<0>(GetParam()), o);
      const std::chrono::duration<double> took = clock::now() - begin;
      if (took < timeout + grace + slack) return r;
      if (attempt == 3) {
        ADD_FAILURE() << "it took " << took.count() << " s";
        return r;
      }
    }
  }

  void TearDown() override {
    // What the level cannot reach, or was not asked to stop, is left over, and ours to end.
    if (std::get<0>(GetParam()) != containment::sealed) {
      for (const support::survivor& s : support::survivors()) {
        support::kill_pid(s.pid);
        EXPECT_TRUE(support::wait_gone(s.pid));
      }
    }
    support::os_test::TearDown();
  }
};

INSTANTIATE_TEST_SUITE_P(
    All, Holder,
    ::testing::Combine(support::all_levels(),
                       ::testing::Values(holder_case{"bg", containment::group},
                                         holder_case{"setsid-bg", containment::tree},
                                         holder_case{"daemonise", containment::sealed})),
    [](const auto& i) {
      std::string name = std::string(brood::to_string(std::get<0>(i.param))) + "_";
      for (const char c : std::string(std::get<1>(i.param).verb)) name += c == '-' ? '_' : c;
      return name;
    });

TEST_P(Holder, TheCallReturnsOnTime) {
  const auto& [level, who] = GetParam();
  const auto r = run_on_time(
      {who.verb, "ignore", "TERM", ",", "ready", path("held"), ",", "pause", "+", "pause"});
  ASSERT_FALSE(r);
  ASSERT_NE(r.error().result(), nullptr);
  EXPECT_EQ(r.error().result()->reason, reason::timed_out);
  EXPECT_GE(support::lines_of(path("held")).size(), 1U) << "it was stopped before it was ready";
  EXPECT_EQ(r.error().result()->complete, level >= who.reached_from);
  if (level >= who.reached_from) {
    EXPECT_TRUE(support::survivors().empty());
  }
}

TEST_P(Holder, AWriterThatNeverStopsDoesNotKeepTheCall) {
  const auto& [level, who] = GetParam();
  const support::temp_pipe told;  // the command ends once the writer has begun
  const std::string number = std::to_string(told.write_end());
  const auto r = run_on_time({who.verb, "ignore", "TERM", ",", "out", "x", ",", "ready", number,
                              ",", "drip", "100000", "5", "x", "+", "read-input-line"},
                             {.in = brood::fd(told.read_end()), .pass_fds = {told.write_end()}});
  ASSERT_TRUE(r) << "the command itself ended in time";
  EXPECT_EQ(r->reason, reason::exited);
  EXPECT_FALSE(r->complete);
  EXPECT_NE(r->out.find('x'), std::string::npos);
  if (level == containment::sealed) {
    EXPECT_TRUE(support::survivors().empty());
  }
}

TEST_P(Holder, ACallbackSlowerThanTheWriterDoesNotKeepTheCall) {
  const auto& [level, who] = GetParam();
  const auto slow = [](brood::output_stream, std::string_view) { usleep(20'000); };
  const auto r = brood::run({helper(), who.verb, "drip", "4000", "2", "x", "+", "exit", "0"},
                            {.out = brood::PIPE,
                             .on_chunk = slow,
                             .timeout = 300ms,
                             .contain = level,
                             .drain_grace = 5s});
  EXPECT_EQ(r.reason, reason::exited);
  EXPECT_LT(r.out.size(), 4000U);
}

}  // namespace
