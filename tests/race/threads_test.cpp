// Threads against each other: spawning at once, stopping while another waits.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdlib>
#include <span>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <brood/brood.hpp>

#include "support/files.hpp"
#include "support/helper.hpp"
#include "support/levels.hpp"
#include "support/pattern.hpp"

namespace {

using namespace std::chrono_literals;
using brood::containment;
using support::helper;

class Threads : public support::level_test {
 protected:
  static std::chrono::steady_clock::time_point end() {
    const char* seconds = std::getenv("BROOD_RACE_SECONDS");
    return std::chrono::steady_clock::now() +
           std::chrono::seconds(seconds ? std::atoi(seconds) : 1);
  }
  // It has written one byte when this returns. TERM is not enough to end it.
  static brood::process stubborn() {
    auto p = brood::spawn(
        {helper(), "ignore", "TERM", "+", "out", "r", "+", "pause"},
        {.in = brood::PIPE, .out = brood::PIPE, .stop = {{15, 20ms}, {9}}, .contain = GetParam()});
    char ready = 0;
    EXPECT_EQ(p.out().read(std::span<char>(&ready, 1)), 1U);
    return p;
  }
};

INSTANTIATE_TEST_SUITE_P(All, Threads, support::all_levels(), support::level_name);

TEST_P(Threads, EightAtOnceLeakNoDescriptorIntoEachOthersChildren) {
  const auto until = end();
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      do {
        const auto r =
            brood::run({helper(), "list-fds"},
                       {.in = brood::DEVNULL, .capture_output = true, .contain = GetParam()});
        if (std::count(r.out.begin(), r.out.end(), '\n') != 3) ++wrong;
      } while (std::chrono::steady_clock::now() < until);
    });
  }
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(wrong, 0);
}

TEST_P(Threads, SignalsAndStopsRaceTheEnd) {
  const auto until = end();
  do {
    auto p =
        brood::spawn({helper(), "sleep", "0.002"}, {.out = brood::PIPE, .contain = GetParam()});
    std::thread other([&] {
      p.send_signal(0);
      p.suspend();
      p.resume();
      p.request_stop({{9, 0s}});
      p.request_stop();
    });
    const auto r = p.try_finish();
    other.join();
    EXPECT_TRUE(r.has_value());
  } while (std::chrono::steady_clock::now() < until);
}

TEST_P(Threads, EightRunWithInputAndCaptureAtOnce) {
  const auto until = end();
  std::atomic<int> wrong{0};
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < 8; ++i) {
    threads.emplace_back([&, i] {
      for (unsigned round = 0; round == 0 || std::chrono::steady_clock::now() < until; ++round) {
        // Larger than a pipe, so that feeding and reading take turns; each its own bytes.
        const std::string bytes =
            support::pattern_bytes(200'000 + std::size_t{i} * 1000 + round % 7, i * 1000 + round);
        const auto r = brood::run({helper(), "cat", "+", "err", std::to_string(i)},
                                  {.input = bytes, .capture_output = true, .contain = GetParam()});
        if (r.out != bytes || r.err != std::to_string(i) || !r.success()) ++wrong;
      }
    });
  }
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(wrong, 0);
}

TEST_P(Threads, StopWhileAnotherThreadWaits) {
  auto p = stubborn();
  std::thread waiter([&] { EXPECT_EQ(p.wait().signal(), 9); });
  EXPECT_EQ(p.stop().signal(), 9);
  waiter.join();
}

TEST_P(Threads, ARequestEndsFinish) {
  const auto until = end();
  do {
    auto p = stubborn();
    std::thread other([&] { p.request_stop(); });
    const auto r = p.try_finish();
    other.join();
    ASSERT_TRUE(r) << r.error().what();
    EXPECT_EQ(r->status.signal(), 9);
    EXPECT_EQ(r->reason, brood::reason::cancelled);
  } while (std::chrono::steady_clock::now() < until);
}

TEST_P(Threads, ARequestEndsCommunicate) {
  const auto until = end();
  do {
    auto p = stubborn();
    std::thread other([&] { p.request_stop(); });
    EXPECT_NO_THROW((void)p.communicate({}, support::patience));
    other.join();
    EXPECT_EQ(p.poll()->signal(), 9);
  } while (std::chrono::steady_clock::now() < until);
}

TEST_P(Threads, ASecondRequestIsForKill) {
  auto p = stubborn();
  std::thread other([&] {
    p.request_stop({{15, 60s}, {9}});
    p.request_stop();
  });
  const auto begin = std::chrono::steady_clock::now();
  const auto r = p.try_finish();
  other.join();
  EXPECT_LT(std::chrono::steady_clock::now() - begin, support::patience);
  ASSERT_TRUE(r) << r.error().what();
  EXPECT_EQ(r->status.signal(), 9);
}

TEST_P(Threads, ManyRequestsAndStopsAreOne) {
  auto p = stubborn();
  std::vector<std::thread> others;
  for (int i = 0; i < 4; ++i) {
    others.emplace_back([&] { p.request_stop(); });
    others.emplace_back([&] { (void)p.stop(); });
  }
  const auto r = p.try_finish();
  for (std::thread& t : others) t.join();
  ASSERT_TRUE(r) << r.error().what();
  EXPECT_EQ(r->status.signal(), 9);
}

TEST_P(Threads, KillWhileAnotherThreadWaits) {
  const auto until = end();
  do {
    auto p = stubborn();
    std::thread other([&] { p.kill(); });
    const auto status = p.wait_for(support::patience);
    other.join();
    ASSERT_TRUE(status);
    EXPECT_EQ(status->signal(), 9);
  } while (std::chrono::steady_clock::now() < until);
}

// The request comes before, during or after the start of the wait.
TEST_P(Threads, ARequestRacesTheStartOfFinish) {
  const auto until = end();
  do {
    auto p = brood::spawn({helper(), "pause"}, {.out = brood::PIPE, .contain = GetParam()});
    std::thread other([&] { p.request_stop({{9}}); });
    const auto r = p.try_finish();
    other.join();
    ASSERT_TRUE(r) << r.error().what();
    EXPECT_EQ(r->status.signal(), 9);
  } while (std::chrono::steady_clock::now() < until);
}

TEST_P(Threads, ARequestedStopEndsEveryKindOfWait) {
  for (const bool limited : {false, true}) {
    auto p = brood::spawn({helper(), "ignore", "TERM", "+", "out", "r", "+", "pause"},
                          {.out = brood::PIPE, .stop = {{15, 20ms}, {9}}, .contain = GetParam()});
    char ready = 0;
    (void)p.out().read(std::span<char>(&ready, 1));
    std::thread other([&] { p.request_stop(); });
    const auto status = limited ? p.wait_for(60s) : p.wait();
    other.join();
    ASSERT_TRUE(status);
    EXPECT_EQ(status->signal(), 9);
  }
}

}  // namespace
