// Nothing survives a pool, a pipeline or a worker pool, whichever way what runs in it is ended.
// SPDX-License-Identifier: Apache-2.0
#include <signal.h>

#include <chrono>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <tuple>
#include <vector>

#include <gtest/gtest.h>

#include <brood/brood.hpp>

#include "support/clean.hpp"
#include "support/files.hpp"
#include "support/helper.hpp"

namespace {

using namespace std::chrono_literals;
using brood::command;
using brood::containment;
using brood::duration;
using brood::job;
using brood::options;
using brood::reply;
using support::helper;

enum class way { timeout, cancel, destructor, exception };

constexpr std::size_t at_once = 2;
constexpr std::size_t tree = 7;  // one, its two children, their four; beside a child with a session

class ManyLeaks : public support::os_test,
                  public ::testing::WithParamInterface<std::tuple<way, containment>> {
 protected:
  static way how() { return std::get<0>(GetParam()); }

  // All of them ignore SIGTERM. It says `ready` when all are there.
  command family(const char* then = "pause") const {
    return {helper(),    "ignore", "TERM", "+",          "setsid-bg", "pause", "+",
            "fork-tree", "2",      "2",    path("pids"), "+",         then};
  }
  options opts() const {
    return {.out = brood::DEVNULL,
            .stop = {{SIGTERM, 20ms}, {SIGKILL}},
            .contain = std::get<1>(GetParam())};
  }
  void await_all() const {
    const std::size_t wanted = at_once * tree;
    EXPECT_EQ(support::wait_for_file_line_count(path("pids"), wanted).size(), wanted);
  }
  // With what ended them still there: a pool must not leave to its destructor what a job left.
  void expect_none() const {
    for (const std::string& pid : support::lines_of(path("pids"))) {
      EXPECT_FALSE(support::pid_alive(std::stoi(pid))) << pid;
    }
    EXPECT_TRUE(support::survivors().empty());
  }
  // A limit that is long enough for all to be up when it is over, on this machine.
  template <class F>
  void with_rising_limit(F f) const {
    for (std::chrono::milliseconds limit = 200ms; limit < 30s; limit *= 3) {
      support::write_file(path("pids"), "");
      f(duration(limit));
      expect_none();
      if (support::lines_of(path("pids")).size() == at_once * tree) return;
    }
    ADD_FAILURE() << "they were never up in time";
  }
};

std::string name_of(const ::testing::TestParamInfo<ManyLeaks::ParamType>& i) {
  const way w = std::get<0>(i.param);
  return std::string(brood::to_string(std::get<1>(i.param))) + (w == way::timeout  ? "Timeout"
                                                                : w == way::cancel ? "Cancel"
                                                                : w == way::destructor
                                                                    ? "Destructor"
                                                                    : "Exception");
}

const auto levels = ::testing::Values(containment::tree, containment::sealed);

INSTANTIATE_TEST_SUITE_P(All, ManyLeaks,
                         ::testing::Combine(::testing::Values(way::timeout, way::cancel,
                                                              way::destructor, way::exception),
                                            levels),
                         name_of);

TEST_P(ManyLeaks, OfAPool) {
  if (how() == way::timeout) {
    return with_rising_limit([&](duration limit) {
      brood::pool p({.max_workers = 2});
      options o = opts();
      o.timeout = limit;
      for (const auto& r : p.try_map({family(), family()}, o)) {
        EXPECT_EQ(r.error().kind(), brood::error_kind::timed_out);
      }
      expect_none();
    });
  }
  try {
    brood::pool p({.max_workers = 2});
    const std::vector<job> jobs{p.submit(family(), opts()), p.submit(family(), opts()),
                                p.submit(family(), opts())};
    await_all();
    if (how() == way::exception) throw std::runtime_error("while they live");
    if (how() == way::cancel) {
      p.cancel_all();
      for (const job& j : jobs) EXPECT_EQ(j.result().reason, brood::reason::cancelled);
      expect_none();
    }
  } catch (const std::runtime_error&) {
  }
  expect_none();
}

// What a worker has started holds its channel too.
TEST_P(ManyLeaks, OfAWorkerPool) {
  brood::worker_options o{.max_workers = 2, .ready = "ready", .process = opts()};
  o.process.out = brood::INHERIT;  // the channel
  if (how() == way::timeout) o.timeout = 10ms;
  if (how() == way::destructor) o.min_workers = 2;
  try {
    brood::worker_pool p(family("serve"), o);
    if (how() == way::destructor) {
      ASSERT_TRUE(p.warm_up());
      return await_all();  // idle: at the end of their input they end by themselves
    }
    const std::vector<reply> all{p.request("pause"), p.request("pause")};
    await_all();
    for (const reply& r : all) {
      const auto has_one = [&] { return r.state() != brood::reply_state::queued; };
      ASSERT_TRUE(support::poll_until(support::patience, has_one));
    }
    if (how() == way::exception) throw std::runtime_error("while they live");
    if (how() == way::cancel) {
      for (const reply& r : all) r.cancel();
    }
    for (const reply& r : all) EXPECT_FALSE(r.try_result());
    EXPECT_TRUE(support::poll_until(support::patience, [&] { return p.pids().empty(); }));
    expect_none();
  } catch (const std::runtime_error&) {
  }
  expect_none();
}

// A call, not an object: there is no destructor.
class PipelineLeaks : public ManyLeaks {};

INSTANTIATE_TEST_SUITE_P(
    All, PipelineLeaks,
    ::testing::Combine(::testing::Values(way::timeout, way::cancel, way::exception), levels),
    name_of);

TEST_P(PipelineLeaks, OfAPipeline) {
  const auto stages = family() | family();
  if (how() == way::timeout) {
    return with_rising_limit([&](duration limit) {
      options o = opts();
      o.timeout = limit;
      EXPECT_EQ(try_run(stages, o).error().kind(), brood::error_kind::timed_out);
    });
  }
  std::stop_source stop;
  options o = opts();
  o.out = brood::PIPE;
  o.on_line = [&](brood::output_stream, std::string_view line) {
    if (line != "ready") return;
    await_all();
    if (how() == way::exception) throw std::runtime_error("from the callback");
    stop.request_stop();
  };
  if (how() == way::exception) {
    EXPECT_THROW((void)run(stages, o), std::runtime_error);
  } else {
    EXPECT_EQ(run(stages, o, stop.get_token()).reason, brood::reason::cancelled);
  }
  expect_none();
}

class CallbackLeaks : public ManyLeaks {};

INSTANTIATE_TEST_SUITE_P(All, CallbackLeaks,
                         ::testing::Combine(::testing::Values(way::exception), levels), name_of);

TEST_P(CallbackLeaks, OfAPool) {
  brood::pool p({.max_workers = 2});
  options o = opts();
  o.out = brood::PIPE;
  o.on_line = [](brood::output_stream, std::string_view line) {
    if (line == "ready") throw std::runtime_error("from the callback");
  };
  const std::vector<job> jobs{p.submit(family(), o), p.submit(family(), o)};
  for (const job& j : jobs) EXPECT_THROW((void)j.result(), std::runtime_error);
  await_all();
  expect_none();
}

}  // namespace
