// One policy however a process is waited for: stops, limits, callbacks and silence.
// SPDX-License-Identifier: Apache-2.0
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <tuple>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <brood/brood.hpp>

#include "support/files.hpp"
#include "support/helper.hpp"
#include "support/levels.hpp"
#include "sys/call.hpp"

namespace {

using namespace std::chrono_literals;
using brood::containment;
using brood::options;
using brood::PIPE;
using brood::reason;
using support::helper;

// --- a stop that was asked for ---

struct way {
  const char* name;
  void (*wait)(brood::process);
};

const way ways[] = {
    {"wait", [](brood::process p) { (void)p.wait(); }},
    {"wait_for", [](brood::process p) { EXPECT_TRUE(p.wait_for(support::patience)); }},
    {"communicate", [](brood::process p) { (void)p.communicate(); }},
    {"finish", [](brood::process p) { (void)p.try_finish(); }},
    {"destructor", [](brood::process) {}},
};

class RequestedStop : public support::os_test,
                      public ::testing::WithParamInterface<std::tuple<containment, way>> {};
INSTANTIATE_TEST_SUITE_P(All, RequestedStop,
                         ::testing::Combine(::testing::Values(containment::group, containment::tree,
                                                              containment::sealed),
                                            ::testing::ValuesIn(ways)),
                         [](const auto& i) {
                           return std::string(brood::to_string(std::get<0>(i.param))) + "_" +
                                  std::get<1>(i.param).name;
                         });

// The leader dies at TERM, its child does not.
TEST_P(RequestedStop, GoesOnToTheEndOfItsLadder) {
  const auto& [level, how] = GetParam();
  auto p = brood::spawn({helper(), "bg", "ignore", "TERM", ",", "ready", path("ready"), ",",
                         "pause", "+", "ready", path("ready"), "+", "pause"},
                        {.contain = level});
  ASSERT_EQ(support::wait_for_file_line_count(path("ready"), 2).size(), 2U);
  p.request_stop({{SIGTERM, 100ms}, {SIGKILL, {}}});
  how.wait(std::move(p));
  EXPECT_TRUE(support::survivors().empty()) << "when the call returns";
}

// --- callbacks and tees ---

class Waiting : public support::level_test {
 protected:
  options with(options o) const {
    o.contain = GetParam();
    return o;
  }
};
INSTANTIATE_TEST_SUITE_P(All, Waiting, support::all_levels(), support::level_name);

TEST_P(Waiting, LinesThatAreInThePipeAtTheExitAreHeard) {
  int lines = 0;
  auto p = brood::spawn({helper(), "spam-lines", "5000", "+", "out", "last"},
                        with({.on_line = [&](auto, std::string_view line) {
                          ++lines;
                          if (line == "last") lines += 100'000;
                        }}));
  EXPECT_TRUE(p.wait().success());
  EXPECT_EQ(lines, 105'001);
}

TEST_P(Waiting, PollingWithWaitForHearsThemToo) {
  int lines = 0;
  auto p = brood::spawn({helper(), "spam-lines", "50000"},
                        with({.on_line = [&](auto, auto) { ++lines; }}));
  EXPECT_TRUE(support::poll_until(support::patience, [&] { return p.wait_for(0s).has_value(); }));
  EXPECT_TRUE(p.wait().success());
  EXPECT_EQ(lines, 50'000);
}

TEST_P(Waiting, WhatIsTeedArrivesBeforeWaitReturns) {
  auto p = brood::spawn({helper(), "spam", "200K"},
                        with({.out = brood::tee(brood::file(path("copy")))}));
  EXPECT_TRUE(p.wait().success());
  EXPECT_EQ(support::read_file(path("copy")).size(), 200U << 10);
}

// Somebody else holds the pipe: not for longer than drain_grace.
TEST_P(Waiting, AChildThatHoldsThePipeDelaysItBriefly) {
  std::string heard;
  auto p = brood::spawn({helper(), "setsid-bg", "pause", "+", "out", "bye\\n"},
                        with({.on_line = [&](auto, std::string_view line) { heard += line; },
                              .stop = {{SIGTERM, 100ms}, {SIGKILL, {}}},
                              .drain_grace = 50ms}));
  EXPECT_TRUE(p.wait().success());
  EXPECT_EQ(heard, "bye");
  p = {};
  for (const support::survivor& s : support::survivors()) support::kill_pid(s.pid);
}

TEST_P(Waiting, ACallbackThatThrowsStopsTheCommand) {
  const options o = with({.on_line = [](auto, auto) { throw std::runtime_error("enough"); },
                          .stop = {{SIGTERM, 100ms}, {SIGKILL, {}}}});
  const std::function<void(brood::process&)> calls[] = {
      [](brood::process& p) { (void)p.wait(); },
      [](brood::process& p) { (void)p.wait_for(support::patience); },
      [](brood::process& p) { (void)p.communicate(); },
      [](brood::process& p) { (void)p.finish(); },
  };
  for (const auto& call : calls) {
    auto p = brood::spawn({helper(), "out", "line\\n", "+", "pause"}, o);
    EXPECT_THROW(call(p), std::runtime_error);
    EXPECT_TRUE(p.poll());
    EXPECT_TRUE(support::survivors().empty());
  }
}

// --- silence ---

TEST_P(Waiting, OutputThatTheCallerReadsIsNoSilence) {
  auto p = brood::spawn({helper(), "drip", "8", "50", "x\\n", "+", "sleep", "0.1"},
                        with({.out = PIPE, .idle_timeout = 250ms}));
  for (int i = 0; i < 8; ++i) EXPECT_EQ(p.out().read_line(), "x\n");
  EXPECT_TRUE(p.wait().success());
  EXPECT_TRUE(p.finish().success());
}

TEST_P(Waiting, OutputThatAnotherThreadReadsIsNoSilence) {
  auto p = brood::spawn({helper(), "drip", "12", "50", "x\\n"},
                        with({.out = PIPE, .idle_timeout = 300ms}));
  std::thread reader([&] { EXPECT_EQ(p.out().read_all().size(), 24U); });
  EXPECT_TRUE(p.wait().success());
  reader.join();
}

TEST_P(Waiting, TheTimeInWhichNobodyWaitsIsNoSilence) {
  auto p = brood::spawn({helper(), "out", "x", "+", "ready", path("ready"), "+", "read-input-line"},
                        with({.in = PIPE, .out = PIPE, .idle_timeout = 200ms}));
  ASSERT_EQ(support::wait_for_file_line_count(path("ready"), 1).size(), 1U);
  const auto later = std::chrono::steady_clock::now() + 300ms;
  support::poll_until(support::patience, [&] { return std::chrono::steady_clock::now() > later; });
  const auto r = p.finish();
  EXPECT_EQ(r.out, "xeof\n");
  EXPECT_EQ(r.reason, reason::exited);
}

TEST_P(Waiting, SilenceAddsUpOverSeveralWaits) {
  auto p = brood::spawn({helper(), "pause"}, with({.out = PIPE, .idle_timeout = 200ms}));
  EXPECT_TRUE(support::poll_until(support::patience, [&] { return p.wait_for(20ms).has_value(); }));
  const auto r = p.try_finish();
  ASSERT_FALSE(r);
  ASSERT_NE(r.error().result(), nullptr);
  EXPECT_EQ(r.error().result()->reason, reason::idle_timed_out);
}

// --- communicate ---

TEST_P(Waiting, CommunicateStopsACommandThatSaysTooMuch) {
  auto p = brood::spawn({helper(), "spam", "1M", "+", "pause"},
                        with({.out = PIPE, .max_output = {1000}}));
  EXPECT_THROW((void)p.communicate(), brood::called_process_error);
  EXPECT_TRUE(p.poll());
  EXPECT_TRUE(support::survivors().empty());
}

TEST_P(Waiting, CommunicateEncodesWhatItIsGiven) {
  auto p = brood::spawn({helper(), "sum"}, with({.in = PIPE, .out = PIPE, .encoding = "latin1"}));
  EXPECT_EQ(p.communicate("\xc3\xa4").out.substr(0, 2), "1 ") << "one byte";
  auto q = brood::spawn({helper(), "cat"},
                        with({.input = "\xc3\xa4", .out = PIPE, .encoding = "latin1"}));
  EXPECT_EQ(q.communicate().out, "\xc3\xa4") << "there and back";
}

TEST_P(Waiting, ATimeoutOfCommunicateHasTheTail) {
  auto p = brood::spawn({helper(), "out", "0123456789", "+", "ready", path("ready"), "+", "pause"},
                        with({.out = PIPE, .max_output = {4, brood::overflow::keep_tail}}));
  ASSERT_EQ(support::wait_for_file_line_count(path("ready"), 1).size(), 1U);
  try {
    (void)p.communicate({}, 100ms);
    ADD_FAILURE() << "no timeout";
  } catch (const brood::timeout_expired& e) {
    EXPECT_EQ(e.result()->out, "6789");
  }
  EXPECT_FALSE(p.poll()) << "it is untouched";
  p.kill();
  EXPECT_EQ(p.communicate().out, "6789");
}

TEST_P(Waiting, CommunicateCalledTwiceReturnsTheSame) {
  auto p = brood::spawn({helper(), "cat", "+", "err", "e"},
                        with({.in = PIPE, .out = PIPE, .err = PIPE}));
  EXPECT_EQ(p.communicate("x").out, "x");
  EXPECT_EQ(p.communicate().out, "x");
  EXPECT_EQ(p.communicate().err, "e");
  EXPECT_EQ(p.finish().out, "x");
}

// --- what fails after the start ---

std::atomic<bool> started_one{false};

int no_more_after_a_start(const char* call) noexcept {
  const std::string_view name = call;
  const bool starts = name == "clone" || name == "clone3" || name == "fork";
  const bool makes = name == "eventfd" || name == "pipe2" || name == "pidfd_open" ||
                     name == "open" || name == "socketpair" || name == "epoll_create1";
  if (starts) return started_one.exchange(true) ? EAGAIN : 0;
  return started_one && makes ? EMFILE : 0;
}

TEST_P(Waiting, AShortageAfterTheStartLeavesNothing) {
  const auto under_shortage = [&](auto f) {
    started_one = false;
    brood::detail::sys::fault_hook = no_more_after_a_start;
    f();
    brood::detail::sys::fault_hook = nullptr;
    EXPECT_TRUE(started_one);
    EXPECT_TRUE(support::none_survive());
  };
  const options o = with({.in = PIPE, .out = PIPE, .stop = {{SIGTERM, 100ms}, {SIGKILL, {}}}});
  const brood::command waits{helper(), "read-input-line"};
  under_shortage([&] {
    auto p = brood::try_spawn(waits, o);
    if (p) p->in().close();
    EXPECT_TRUE(!p || p->finish().out == "eof\n");
  });
  under_shortage([&] {
    auto p = brood::try_spawn({helper(), "pause"}, o);
    if (p) (void)p->stop();
  });
  under_shortage([&] {
    try {
      brood::pool all({.max_workers = 2});
      (void)all.try_map({waits, waits}, with({.in = brood::DEVNULL, .out = PIPE}));
    } catch (const brood::error&) {
    }
  });
}

// --- suspend ---

// Its children halt one after another; who looks meanwhile does not wait for that.
TEST_P(Waiting, SuspendDoesNotHoldUpWhoOnlyLooks) {
  auto p = brood::spawn({helper(), "fork-tree", "2", "4", path("pids"), "+", "pause"},
                        with({.out = PIPE}));
  ASSERT_EQ(p.out().read_line(), "ready\n");
  std::thread suspends([&] {
    for (int i = 0; i < 20; ++i) {
      p.suspend();
      p.resume();
    }
  });
  for (int i = 0; i < 200; ++i) EXPECT_FALSE(p.poll());
  suspends.join();
  EXPECT_TRUE(p.stop({{SIGKILL, {}}}).signal());
  for (const support::survivor& s : support::survivors()) support::kill_pid(s.pid);
}

}  // namespace
