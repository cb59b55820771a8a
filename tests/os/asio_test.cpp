// The adapter for Asio: every kind of token, cancellation, and what a destroyed context leaves.
// SPDX-License-Identifier: Apache-2.0

#include <asio.hpp>
#include <asio/experimental/awaitable_operators.hpp>
#include <chrono>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <brood/asio.hpp>
#include <brood/brood.hpp>

#include "support/clean.hpp"
#include "support/files.hpp"
#include "support/helper.hpp"

namespace {

using namespace std::chrono_literals;
using brood::command;
using brood::completed_process;
using brood::options;
using brood::reason;
using support::helper;

class Asio : public support::os_test {};

command says(const std::string& text) { return {helper(), "out", text}; }

TEST_F(Asio, ACallbackGetsTheResultAndTheContextEnds) {
  asio::io_context context;
  std::string out;
  brood::asio::async_run(context, says("x"), options{.out = brood::PIPE},
                         [&](std::exception_ptr e, completed_process r) {
                           EXPECT_FALSE(e);
                           out = r.out;
                         });
  EXPECT_EQ(out, "");
  context.run();
  EXPECT_EQ(out, "x");
}

asio::awaitable<int> add(int n) {
  int sum = 0;
  for (int i = 0; i < n; ++i) {
    const options o{.out = brood::PIPE};
    const command c = says(std::to_string(i));
    const completed_process r = co_await brood::asio::async_run(co_await asio::this_coro::executor,
                                                                c, o, asio::use_awaitable);
    sum += std::stoi(r.out);
  }
  co_return sum;
}

TEST_F(Asio, AwaitablesRunManyAtOnce) {
  asio::io_context context;
  std::vector<std::future<int>> sums;
  for (int i = 0; i < 20; ++i) {
    sums.push_back(asio::co_spawn(context, add(5), asio::use_future));
  }
  context.run();
  for (auto& s : sums) EXPECT_EQ(s.get(), 10);
}

TEST_F(Asio, ErrorsAreExceptions) {
  asio::io_context context;
  const auto future = [&](const command& c, const options& o) {
    return brood::asio::async_run(context, c, o, asio::use_future);
  };
  auto missing = future({"/no/such/program"}, {});
  auto late = future({helper(), "pause"}, {.timeout = 50ms});
  auto mistaken = future(says("x"), {.timeout = -1s});
  auto thrown = future({helper(), "out", "line\\n", "+", "pause"},
                       {.on_line = [](auto, auto) { throw std::runtime_error("enough"); }});
  auto retried = future({helper(), "exit", "1"}, {.retry = {.attempts = 3, .delay = 5ms}});
  context.run();
  EXPECT_THROW((void)missing.get(), brood::spawn_error);
  EXPECT_THROW((void)late.get(), brood::timeout_expired);
  EXPECT_THROW((void)mistaken.get(), brood::usage_error);
  EXPECT_THROW((void)thrown.get(), std::runtime_error);
  EXPECT_EQ(retried.get().attempts.size(), 2U);
}

TEST_F(Asio, ACancellationSignalStopsTheTree) {
  asio::io_context context;
  asio::cancellation_signal signal;
  completed_process result;
  brood::asio::async_run(
      context, {helper(), "out", "r\\n", "+", "bg", "pause", "+", "pause"},
      options{.on_line = [&](auto, auto) { signal.emit(asio::cancellation_type::terminal); }},
      asio::bind_cancellation_slot(signal.slot(), [&](std::exception_ptr e, completed_process r) {
        EXPECT_FALSE(e);
        result = std::move(r);
      }));
  context.run();
  EXPECT_EQ(result.reason, reason::cancelled);
  EXPECT_EQ(result.status.signal(), 15);
}

asio::awaitable<void> first_of(reason& ended) {
  using namespace asio::experimental::awaitable_operators;
  const auto ex = co_await asio::this_coro::executor;
  asio::steady_timer timer(ex, 30ms);
  const options plain;
  const command c{helper(), "pause"};
  const auto run = [](auto in, command cmd, options o, reason& why) -> asio::awaitable<void> {
    const completed_process r = co_await brood::asio::async_run(in, cmd, o, asio::use_awaitable);
    why = r.reason;
  };
  co_await (run(ex, c, plain, ended) || timer.async_wait(asio::use_awaitable));
}

TEST_F(Asio, ATimerCanWinAgainstACommand) {
  asio::io_context context;
  reason ended = reason::exited;
  asio::co_spawn(context, first_of(ended), asio::detached);
  context.run();
  EXPECT_EQ(ended, reason::cancelled);
}

TEST_F(Asio, SeveralThreadsMayRunTheContext) {
  asio::thread_pool context(3);
  std::vector<std::future<int>> sums;
  for (int i = 0; i < 20; ++i) {
    sums.push_back(asio::co_spawn(context, add(3), asio::use_future));
  }
  for (auto& s : sums) EXPECT_EQ(s.get(), 3);
  context.join();
}

TEST_F(Asio, AHandlerThatThrowsAndOneThatStartsAgain) {
  asio::io_context context;
  int calls = 0;
  std::function<void(std::exception_ptr, completed_process)> again;
  again = [&](std::exception_ptr, completed_process) {
    if (++calls == 3) throw std::runtime_error("third");
    brood::asio::async_run(context, says("x"), {}, again);
  };
  brood::asio::async_run(context, says("x"), {}, again);
  EXPECT_THROW(context.run(), std::runtime_error);
  context.run();
  EXPECT_EQ(calls, 3);
}

TEST_F(Asio, ADestroyedContextStopsWhatRuns) {
  bool called = false;
  {
    asio::io_context context;
    for (int i = 0; i < 3; ++i) {
      brood::asio::async_run(context, {helper(), "bg", "pause", "+", "pause"}, {},
                             [&](std::exception_ptr, completed_process) { called = true; });
    }
    brood::asio::async_run(context, says("x"), {}, [&](auto, auto) { context.stop(); });
    context.run();
    // One that was not even started.
    brood::asio::async_run(context, says("x"), {}, [&](auto, auto) { called = true; });
  }
  EXPECT_FALSE(called);
}

}  // namespace
