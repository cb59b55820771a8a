// Mistakes in what runs many commands, and workers that misbehave: each error says what is wrong.
// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <brood/brood.hpp>

#include "support/clean.hpp"
#include "support/files.hpp"
#include "support/helper.hpp"

namespace {

using namespace std::chrono_literals;
using brood::command;
using brood::error_kind;
using brood::options;
using brood::pool;
using brood::worker_options;
using brood::worker_pool;
using support::helper;

class BadBatch : public support::os_test {
 protected:
  // It would leave a trace.
  command touch() const { return {helper(), "write-file", path("started"), "1"}; }
  void nothing_started() const { EXPECT_EQ(support::read_file(path("started")), ""); }

  template <class Outcome>
  static void is_error(const Outcome& r, error_kind kind, const std::string& text) {
    ASSERT_FALSE(r) << text;
    EXPECT_EQ(r.error().kind(), kind) << r.error().what();
    EXPECT_NE(std::string(r.error().what()).find(text), std::string::npos) << r.error().what();
  }
  template <class F>
  static void is_mistake(F f, const std::string& text) {
    try {
      f();
      ADD_FAILURE() << text;
    } catch (const brood::usage_error& e) {
      EXPECT_EQ(e.what(), text);
    }
  }
};

TEST_F(BadBatch, AProgramThatIsMissingInTheMiddleOfAPipeline) {
  const command cat{helper(), "cat"};
  is_error(try_run(cat | command{"/no/such/program"} | cat, {.in = brood::DEVNULL}),
           error_kind::not_found, "'/no/such/program': No such file or directory");
}

TEST_F(BadBatch, APipelineWithoutStages) {
  is_error(try_run(brood::pipeline({}), {}), error_kind::bad_request, "pipeline: it has no stages");
}

TEST_F(BadBatch, StderrOfAStageIntoThePipe) {
  is_error(try_run(touch() | touch(), {.err = brood::STDOUT}), error_kind::bad_request,
           "err: STDOUT of a stage is the next one's input");
  nothing_started();
}

TEST_F(BadBatch, APoolOfNobody) {
  for (const int n : {0, -1}) {
    is_mistake([&] { pool p({.max_workers = n}); }, "max_workers: must be more than 0");
    is_mistake([&] { worker_pool p(touch(), {.max_workers = n}); },
               "max_workers: must be more than 0");
  }
  nothing_started();
}

TEST_F(BadBatch, SubmittingAfterTheShutdown) {
  pool p({.max_workers = 1});
  p.shutdown();
  is_mistake([&] { p.submit(touch()); }, "pool: it was shut down");
  is_mistake([&] { (void)p.try_submit(touch()); }, "pool: it was shut down");
  is_mistake([&] { (void)p.map({touch()}); }, "pool: it was shut down");
  worker_pool w(touch(), {.max_workers = 1});
  w.shutdown();
  is_mistake([&] { (void)w.request("x"); }, "worker_pool: it was shut down");
  is_mistake([&] { (void)w.call("x"); }, "worker_pool: it was shut down");
  nothing_started();
}

TEST_F(BadBatch, Retries) {
  const auto wrong = [&](brood::retry_policy r, const std::string& text) {
    const options o{.retry = r};
    is_error(brood::try_run(touch(), o), error_kind::bad_request, text);
    pool p({.max_workers = 1});
    is_error(p.submit(touch(), o).try_result(), error_kind::bad_request, text);
  };
  wrong({.attempts = 0}, "retry.attempts: must be at least 1");
  wrong({.attempts = -1}, "retry.attempts: must be at least 1");
  wrong({.attempts = 2, .delay = -1s}, "retry.delay: must not be negative");
  wrong({.attempts = 2, .factor = 0.5}, "retry.factor: must be at least 1");
  nothing_started();
}

TEST_F(BadBatch, AWorkerThatWritesGarbage) {
  // Its answer begins with "got:", which is a length.
  worker_pool p({helper(), "read-input-line"},
                {.max_workers = 1, .framing = brood::worker_framing::length_prefixed});
  is_error(p.try_call("x\n"), error_kind::bad_data, "the answer has more than ");
  is_error(p.request("x\n").try_result(), error_kind::bad_data, "the answer has more than ");
  worker_pool chatty({helper(), "out", "hello\\n", "+", "serve"},
                     {.max_workers = 1, .ready = "ready"});
  is_error(chatty.try_call("echo x"), error_kind::bad_data,
           "the worker's first message is not the one that says it is ready");
}

TEST_F(BadBatch, AWorkerThatWritesHalfAMessage) {
  const std::string two = "two workers ended over this request, the last: exit status 7";
  worker_pool lines({helper(), "serve"}, {.max_workers = 1});
  is_error(lines.try_call("out half , exit 7"), error_kind::broken, two);
  // Two bytes of the four that are a length, after it has read what it was asked.
  worker_pool frames({helper(), "cat-n", "5", "+", "exit", "7"},
                     {.max_workers = 1, .framing = brood::worker_framing::length_prefixed});
  is_error(frames.try_call(std::string(300, 'x')), error_kind::broken, two);
}

TEST_F(BadBatch, AWorkerThatNeverAnswers) {
  worker_pool p({helper(), "serve"}, {.max_workers = 1});
  is_error(p.try_call("pause", 20ms), error_kind::timed_out, "no answer in time");
  is_error(p.try_call("out half , pause", 20ms), error_kind::timed_out, "no answer in time");
  worker_pool never({helper(), "pause"},
                    {.max_workers = 1, .ready = "ready", .start_timeout = 20ms});
  is_error(never.try_call("x"), error_kind::timed_out, "the worker was not ready in 0.02 s");
}

}  // namespace
