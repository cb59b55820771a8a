// Worker pools under several threads: callers who lend workers, cancels, crashes, recycling.
// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <chrono>
#include <cstdlib>
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
using brood::reply;
using brood::worker_pool;
using support::helper;

class WorkerRaces : public support::os_test {
 protected:
  static std::chrono::steady_clock::time_point end() {
    const char* seconds = std::getenv("BROOD_RACE_SECONDS");
    return std::chrono::steady_clock::now() +
           std::chrono::seconds(seconds ? std::atoi(seconds) : 1);
  }
  template <class F>
  static void in_threads(int count, F f) {
    std::vector<std::thread> threads;
    for (int i = 0; i < count; ++i) threads.emplace_back([&f, i] { f(i); });
    for (std::thread& t : threads) t.join();
  }
};

TEST_F(WorkerRaces, CallsAndRequestsWhileWorkersAreRecycledAndShrink) {
  const auto until = end();
  worker_pool p({helper(), "serve"}, {.min_workers = 1,
                                      .max_workers = 3,
                                      .idle_timeout = 1ms,
                                      .max_queued = 4,
                                      .max_requests = 7,
                                      .max_age = 50ms});
  in_threads(4, [&](int i) {
    int n = 0;
    do {
      const std::string text = std::to_string(i) + ":" + std::to_string(++n);
      EXPECT_EQ(i % 2 == 0 ? p.call("echo " + text) : p.request("echo " + text).result(), text);
      (void)p.pids();
      (void)p.count();
    } while (std::chrono::steady_clock::now() < until);
  });
  EXPECT_EQ(p.count().failed, 0U);
}

TEST_F(WorkerRaces, CancelAgainstTheAnswer) {
  const auto until = end();
  worker_pool p({helper(), "serve"}, {.max_workers = 2});
  do {
    std::vector<reply> all;
    for (int i = 0; i < 6; ++i) all.push_back(p.request("echo x"));
    std::thread other([&] {
      for (const reply& r : all) r.cancel();
    });
    for (const reply& r : all) {
      const auto answer = r.try_result();
      EXPECT_TRUE(answer ? *answer == "x" : answer.error().code() == std::errc::operation_canceled);
    }
    other.join();
  } while (std::chrono::steady_clock::now() < until);
}

TEST_F(WorkerRaces, WorkersAreKilledUnderTheirCallers) {
  const auto until = end();
  worker_pool p({helper(), "serve"}, {.min_workers = 1, .max_workers = 3});
  std::atomic<bool> over{false};
  std::thread killer([&] {
    while (!over) {
      const auto pids = p.pids();
      if (!pids.empty()) support::kill_pid(pids.back());
      support::short_nap();
    }
  });
  in_threads(3, [&](int i) {
    do {
      const auto r = i == 0 ? p.request("echo x").try_result() : p.try_call("echo x");
      EXPECT_TRUE(r ? *r == "x" : r.error().kind() == brood::error_kind::broken);
    } while (std::chrono::steady_clock::now() < until);
  });
  over = true;
  killer.join();
  EXPECT_EQ(p.call("echo x"), "x");
}

TEST_F(WorkerRaces, TimeoutsAgainstAnswers) {
  const auto until = end();
  worker_pool p({helper(), "serve"}, {.max_workers = 3, .timeout = 3ms});
  in_threads(3, [&](int i) {
    do {
      const auto r = i == 0 ? p.request("sleep 0.002 , echo x").try_result()
                            : p.try_call("sleep 0.002 , echo x");
      EXPECT_TRUE(r || r.error().kind() == brood::error_kind::timed_out);
    } while (std::chrono::steady_clock::now() < until);
  });
}

TEST_F(WorkerRaces, RequestsAgainstShutdownAndTheDestructor) {
  const auto until = end();
  do {
    std::atomic<int> taken{0};
    std::vector<reply> all;
    {
      worker_pool p({helper(), "serve"}, {.max_workers = 2, .max_queued = 3});
      std::thread other([&] {
        try {
          for (;;) {
            all.push_back(p.request("echo x"));
            ++taken;
          }
        } catch (const brood::usage_error&) {
        }
      });
      while (taken < 5) std::this_thread::yield();
      p.shutdown();
      other.join();
    }
    for (const reply& r : all) EXPECT_EQ(r.result(), "x");
  } while (std::chrono::steady_clock::now() < until);
}

}  // namespace
