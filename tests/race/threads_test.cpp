// Threads against each other: spawning at once, stopping while another waits.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <brood/brood.hpp>

#include "support/clean.hpp"
#include "support/helper.hpp"

namespace {

using namespace std::chrono_literals;
using brood::containment;
using support::helper;

class Threads : public support::os_test, public ::testing::WithParamInterface<containment> {
 protected:
  static std::chrono::steady_clock::time_point end() {
    const char* seconds = std::getenv("BROOD_RACE_SECONDS");
    return std::chrono::steady_clock::now() +
           std::chrono::seconds(seconds ? std::atoi(seconds) : 1);
  }
};

INSTANTIATE_TEST_SUITE_P(All, Threads,
                         ::testing::Values(containment::process, containment::group,
                                           containment::tree, containment::sealed),
                         [](const auto& i) { return std::string(brood::to_string(i.param)); });

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

TEST_P(Threads, StopWhileAnotherThreadWaits) {
  auto p = brood::spawn({helper(), "ignore", "TERM", "+", "out", "r", "+", "pause"},
                        {.out = brood::PIPE, .stop = {{15, 20ms}, {9}}, .contain = GetParam()});
  char ready = 0;
  (void)p.out().read(std::span<char>(&ready, 1));
  std::thread waiter([&] { EXPECT_EQ(p.wait().signal(), 9); });
  EXPECT_EQ(p.stop().signal(), 9);
  waiter.join();
}

}  // namespace
