// A loop under several threads: stop tokens against the end, posts against the destructor.
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
using brood::loop;
using brood::task;
using support::helper;

class AsyncRaces : public support::os_test {
 protected:
  static std::chrono::steady_clock::time_point end() {
    const char* seconds = std::getenv("BROOD_RACE_SECONDS");
    return std::chrono::steady_clock::now() +
           std::chrono::seconds(seconds ? std::atoi(seconds) : 1);
  }
};

TEST_F(AsyncRaces, StopsFromOtherThreadsAgainstTheEnd) {
  const auto until = end();
  do {
    loop l;
    std::vector<std::stop_source> sources(8);
    std::vector<task<bool>> all;
    for (std::size_t i = 0; i < sources.size(); ++i) {
      const auto one = [](loop& in, std::stop_token stop) -> task<bool> {
        const brood::command c{helper(), "sleep", "0.002"};
        const brood::options o{.retry = {.attempts = 2, .on_signals = {15}}};
        const auto r = co_await brood::async_run(in, c, o, stop);
        (void)co_await brood::sleep_for(in, 1ms, stop);
        co_return r.success() || r.reason == brood::reason::cancelled;
      };
      all.push_back(one(l, sources[i].get_token()));
    }
    std::vector<std::thread> others;
    for (int half = 0; half < 2; ++half) {
      others.emplace_back([&sources, half] {
        for (std::size_t i = 0; i < sources.size(); ++i) {
          if (i % 4 == 3) std::this_thread::yield();
          if (i % 2 == static_cast<std::size_t>(half)) sources[i].request_stop();
        }
      });
    }
    for (const bool good : brood::sync_wait(l, when_all(std::move(all)))) EXPECT_TRUE(good);
    for (std::thread& t : others) t.join();
  } while (std::chrono::steady_clock::now() < until);
}

TEST_F(AsyncRaces, StopsAgainstTheDestructor) {
  const auto until = end();
  do {
    std::stop_source source;
    std::thread other;
    {
      loop l;
      for (int i = 0; i < 3; ++i) {
        l.spawn([](loop& in, std::stop_token stop) -> task<> {
          const brood::options plain;
          (void)co_await brood::async_run(in, brood::command(helper(), "pause"), plain, stop);
        }(l, source.get_token()));
      }
      l.poll();
      other = std::thread([&] { source.request_stop(); });
    }
    other.join();
  } while (std::chrono::steady_clock::now() < until);
}

TEST_F(AsyncRaces, APostMayBeTheEndOfTheLoop) {
  const auto until = end();
  do {
    auto l = std::make_unique<loop>();
    std::atomic<int> called{0};
    std::vector<std::thread> others;
    for (int i = 0; i < 3; ++i) {
      others.emplace_back([&] {
        l->post([&] {
          if (++called == 3) l->stop();
        });
      });
    }
    l->run_forever();
    l.reset();
    for (std::thread& t : others) t.join();
    EXPECT_EQ(called, 3);
  } while (std::chrono::steady_clock::now() < until);
}

}  // namespace
