// Fakes that come and go while other threads start commands.
// SPDX-License-Identifier: Apache-2.0
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <brood/brood.hpp>
#include <brood/testing.hpp>

#include "support/clean.hpp"
#include "support/helper.hpp"

namespace {

using brood::testing::fake;
using brood::testing::rest;
using support::helper;

class TestingRaces : public support::os_test {
 protected:
  static std::chrono::steady_clock::time_point end() {
    const char* seconds = std::getenv("BROOD_RACE_SECONDS");
    return std::chrono::steady_clock::now() +
           std::chrono::seconds(seconds ? std::atoi(seconds) : 1);
  }
};

TEST_F(TestingRaces, ThreadsMayStartWhileAFakeComesAndGoes) {
  std::atomic<bool> over{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) {
    threads.emplace_back([&] {
      while (!over) {
        const auto r = brood::try_run({helper(), "exit", "0"});
        EXPECT_TRUE(r ? r->status.code() == 0 || r->status.code() == 9
                      : r.error().kind() == brood::error_kind::bad_request);  // before expect()
      }
    });
  }
  const auto until = end();
  do {
    fake f;
    f.expect({helper(), rest()}).always().exits(9);
    while (f.calls().size() < 5) std::this_thread::yield();
  } while (std::chrono::steady_clock::now() < until);
  over = true;
  for (std::thread& t : threads) t.join();
}

}  // namespace
