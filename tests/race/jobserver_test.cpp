// A jobserver's client under several threads, and pools that share one jobserver.
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <brood/brood.hpp>

#include "support/clean.hpp"
#include "support/helper.hpp"

namespace {

using namespace std::chrono_literals;
using brood::jobserver_client;
using brood::jobserver_role;
using brood::pool;
using support::helper;

class JobserverRaces : public support::os_test {
 protected:
  void SetUp() override {
    os_test::SetUp();
    ASSERT_EQ(::mkfifo(path("fifo").c_str(), 0600), 0);
    tokens_ = ::open(path("fifo").c_str(), O_RDWR | O_CLOEXEC);
    ASSERT_EQ(::write(tokens_, "abc", 3), 3);
    ::setenv("MAKEFLAGS", ("--jobserver-auth=fifo:" + path("fifo")).c_str(), 1);
  }
  void TearDown() override {
    char bytes[10];
    EXPECT_EQ(::read(tokens_, bytes, sizeof bytes), 3);
    ::close(tokens_);
    ::unsetenv("MAKEFLAGS");
    os_test::TearDown();
  }
  static std::chrono::steady_clock::time_point end() {
    const char* seconds = std::getenv("BROOD_RACE_SECONDS");
    return std::chrono::steady_clock::now() +
           std::chrono::seconds(seconds ? std::atoi(seconds) : 1);
  }

 private:
  int tokens_ = -1;
};

TEST_F(JobserverRaces, TakingAndGivingBackOnManyThreads) {
  const auto client = jobserver_client::find().value();
  const auto until = end();
  std::atomic<int> held{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i) {
    threads.emplace_back([&] {
      do {
        const jobserver_client::slot slot = client.take();
        EXPECT_LE(++held, 3);
        --held;
      } while (std::chrono::steady_clock::now() < until);
    });
  }
  for (std::thread& t : threads) t.join();
}

TEST_F(JobserverRaces, TwoPoolsAndAServerThatIsResized) {
  const auto until = end();
  pool guests[2] = {pool({.max_workers = 4, .jobserver = jobserver_role::join}),
                    pool({.max_workers = 4, .jobserver = jobserver_role::join})};
  pool host({.max_workers = 3, .jobserver = jobserver_role::serve_fifo});
  do {
    for (pool& p : guests) {
      for (int i = 0; i < 4; ++i) p.submit({helper(), "exit", "0"});
    }
    // One that wants a slot beside its own, no more: two could wait for each other for ever.
    host.submit({helper(), "take-tokens", "1", "+", "give-tokens"});
    for (int i = 0; i < 3; ++i) host.submit({helper(), "exit", "0"});
    host.resize(2);
    guests[0].wait();
    guests[1].cancel_all();
    host.wait();
    host.resize(3);
  } while (std::chrono::steady_clock::now() < until);
  guests[1].wait();
  EXPECT_EQ(host.count().failed, 0U);
}

}  // namespace
