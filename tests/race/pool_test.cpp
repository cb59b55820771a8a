// Pools under several threads: cancelling against the end, submitting against the shutdown.
// SPDX-License-Identifier: Apache-2.0
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
using brood::job;
using brood::pool;
using support::helper;

class PoolRaces : public support::os_test {
 protected:
  static std::chrono::steady_clock::time_point end() {
    const char* seconds = std::getenv("BROOD_RACE_SECONDS");
    return std::chrono::steady_clock::now() +
           std::chrono::seconds(seconds ? std::atoi(seconds) : 1);
  }
};

TEST_F(PoolRaces, CancelAgainstTheEnd) {
  const auto until = end();
  pool p({.max_workers = 4});
  do {
    std::vector<job> jobs;
    for (int i = 0; i < 8; ++i) {
      const auto contain = i % 2 == 0 ? brood::containment::tree : brood::containment::sealed;
      jobs.push_back(p.submit({helper(), "sleep", "0.002"}, {.contain = contain}));
    }
    std::thread other([&] {
      for (const job& j : jobs) j.cancel();
    });
    for (const job& j : jobs) EXPECT_TRUE(j.try_result().has_value());
    other.join();
  } while (std::chrono::steady_clock::now() < until);
}

TEST_F(PoolRaces, SubmitAgainstShutdownAndTheDestructor) {
  const auto until = end();
  do {
    std::atomic<int> taken{0};
    std::vector<job> jobs;
    {
      pool p({.max_workers = 2, .max_queued = 3});
      std::thread other([&] {
        try {
          for (;;) {
            jobs.push_back(p.submit({helper(), "exit", "0"}));
            ++taken;
          }
        } catch (const brood::usage_error&) {
        }
      });
      while (taken < 3) std::this_thread::yield();
      p.shutdown();
      other.join();
    }
    for (const job& j : jobs) EXPECT_TRUE(j.done());
  } while (std::chrono::steady_clock::now() < until);
}

TEST_F(PoolRaces, ManyThreadsUseOnePool) {
  const auto until = end();
  pool p({.max_workers = 3, .max_queued = 5});
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      do {
        const job j = p.submit({helper(), "out", "x"}, {.out = brood::PIPE});
        if (i == 0) p.resize(2 + static_cast<int>(j.id() % 3));
        if (i == 1) j.cancel();
        const auto r = j.result();
        EXPECT_TRUE(r.out == "x" || r.reason == brood::reason::cancelled);
      } while (std::chrono::steady_clock::now() < until);
    });
  }
  for (std::thread& t : threads) t.join();
}

}  // namespace
