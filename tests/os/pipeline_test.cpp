// Pipelines: what flows, what each stage tells, who decides, what is left behind.
// SPDX-License-Identifier: Apache-2.0
#include <chrono>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include <brood/brood.hpp>

#include "support/files.hpp"
#include "support/helper.hpp"
#include "support/levels.hpp"

namespace {

using namespace std::chrono_literals;
using brood::command;
using brood::options;
using brood::pipe_rule;
using brood::pipeline;
using brood::reason;
using support::helper;

class Pipeline : public support::level_test {
 protected:
  static options captured() { return {.capture_output = true, .contain = GetParam()}; }
  static command cat() { return {helper(), "cat"}; }
};

INSTANTIATE_TEST_SUITE_P(All, Pipeline, support::all_levels(), support::level_name);

TEST_P(Pipeline, BytesFlowThroughEveryStage) {
  for (std::size_t stages = 1; stages <= 12; ++stages) {
    auto o = captured();
    o.input = "through all";
    const auto r = run(pipeline(std::vector<command>(stages, cat())), o);
    EXPECT_EQ(r.out, "through all");
    EXPECT_EQ(r.stages.size(), stages);
    EXPECT_TRUE(r.success());
    EXPECT_TRUE(r.complete);
  }
}

TEST_P(Pipeline, MuchFlowsWithoutDeadlock) {
  auto o = captured();
  o.input = std::string(5'000'000, 'z');
  const auto r = run(cat() | cat() | command{helper(), "sum"}, o);
  EXPECT_EQ(r.out.substr(0, r.out.find(' ')), "5000000");
}

TEST_P(Pipeline, EachStageHasItsStatusItsStderrAndItsDescriptors) {
  const auto r =
      run(command{helper(), "err", "one", "+", "exit", "3"} |
              command{helper(), "err", "two", "+", "swallow"} | command{helper(), "list-fds"},
          captured());
  ASSERT_EQ(r.stages.size(), 3U);
  EXPECT_EQ(r.stages[0].status.code(), 3);
  EXPECT_EQ(r.stages[0].err, "one");
  EXPECT_EQ(r.stages[1].err, "two");
  EXPECT_EQ(r.stages[2].status.code(), 0);
  EXPECT_EQ(support::split_lines(r.out).size(), 3U) << r.out;
  EXPECT_EQ(r.status.code(), 3);
  EXPECT_FALSE(r.success());
  EXPECT_EQ(
      run((command{helper(), "exit", "3"} | cat()).judged_by(pipe_rule::last_stage), captured())
          .returncode(),
      0);
}

TEST_P(Pipeline, SigpipeUpstreamIsForgivenAndOtherSignalsAreNot) {
  const auto r =
      run(command{helper(), "spam", "1G"} | command{helper(), "cat-n", "10"}, captured());
  EXPECT_EQ(r.out, "xxxxxxxxxx");
  EXPECT_EQ(r.stages[0].status.signal(), 13);
  EXPECT_TRUE(r.success());
  const auto killed = run(command{helper(), "kill-self", "TERM"} | cat(), captured());
  EXPECT_EQ(killed.status.signal(), 15);
  EXPECT_FALSE(killed.success());
  const auto last = run(cat() | command{helper(), "kill-self", "PIPE"},
                        {.in = brood::DEVNULL, .contain = GetParam()});
  EXPECT_FALSE(last.success());
}

TEST_P(Pipeline, OneDeadlineForAll) {
  auto o = captured();
  o.timeout = 100ms;
  const auto r =
      try_run(command{helper(), "out", "seen", "+", "pause"} | cat() | command{helper(), "cat"}, o);
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().kind(), brood::error_kind::timed_out);
  ASSERT_NE(r.error().result(), nullptr);
  EXPECT_EQ(r.error().result()->out, "seen");
  ASSERT_NE(r.error().pipeline(), nullptr);
  EXPECT_EQ(r.error().pipeline()->stages.size(), 3U);
  EXPECT_EQ(r.error().pipeline()->out, "seen");
}

TEST_P(Pipeline, AStageThatCannotStartStopsTheOthersAndIsTheError) {
  const auto r =
      try_run(command{helper(), "pause"} | command{"/no/such/program"} | cat(), captured());
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().kind(), brood::error_kind::not_found);
  EXPECT_EQ(r.error().subject(), "/no/such/program");
}

TEST_P(Pipeline, AStageThatIsStoppedForALimitStopsTheOthers) {
  auto o = captured();
  o.max_output = 1000;
  const auto r = run(command{helper(), "pause"} | command{helper(), "err", "x", "+", "pause"} |
                         command{helper(), "spam", "2K", "+", "pause"},
                     o);
  EXPECT_EQ(r.reason, reason::output_limit);
  EXPECT_EQ(r.stages[0].reason, reason::cancelled);
  EXPECT_FALSE(r.success());
}

TEST_P(Pipeline, CancelledFromAnotherThread) {
  std::stop_source source;
  std::string seen;
  auto o = options{.in = brood::DEVNULL, .contain = GetParam()};
  o.on_chunk = [&](brood::output_stream, std::string_view text) {
    seen += text;
    source.request_stop();
  };
  const auto r = run(command{helper(), "out", "r", "+", "pause"} | cat(), o, source.get_token());
  EXPECT_EQ(seen, "r");
  EXPECT_EQ(r.reason, reason::cancelled);
  EXPECT_FALSE(r.success());
  std::thread other([&] { source.request_stop(); });
  const auto before = run(command{helper(), "pause"} | cat(), captured(), source.get_token());
  other.join();
  EXPECT_EQ(before.reason, reason::cancelled);
}

TEST_P(Pipeline, AnExceptionFromACallbackStopsAll) {
  auto o = options{.in = brood::DEVNULL, .contain = GetParam()};
  o.on_line = [](brood::output_stream, std::string_view) -> void {
    throw std::runtime_error("from the callback");
  };
  EXPECT_THROW((void)run(command{helper(), "out", "x\\n", "+", "pause"} | cat(), o),
               std::runtime_error);
}

TEST_P(Pipeline, TheEndsAreFilesWhereAsked) {
  support::write_file(path("in"), "from a file");
  const auto r =
      run(cat() | cat(),
          {.in = brood::file(path("in")), .out = brood::file(path("out")), .contain = GetParam()});
  EXPECT_TRUE(r.success());
  EXPECT_EQ(support::read_file(path("out")), "from a file");
}

TEST_P(Pipeline, CheckNamesTheStage) {
  auto o = captured();
  o.check = true;
  const auto r = try_run(command{helper(), "exit", "4"} | cat(), o);
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().kind(), brood::error_kind::failed);
  EXPECT_NE(std::string(r.error().what()).find("exit status 4 of "), std::string::npos)
      << r.error().what();
}

class PipelineMistakes : public support::os_test {};

TEST_F(PipelineMistakes, AreFoundBeforeAnythingStarts) {
  const command touch{helper(), "write-file", path("started"), "1"};
  const auto refused = [&](const pipeline& p, const options& o) {
    const auto r = try_run(p, o);
    ASSERT_FALSE(r);
    EXPECT_EQ(r.error().kind(), brood::error_kind::bad_request) << r.error().what();
  };
  refused(pipeline({}), {});
  refused(touch | command(std::vector<std::string>{}), {});
  refused(touch | touch, {.err = brood::STDOUT});
  refused(touch | touch, {.timeout = -1s});
  refused(touch | touch, {.retry = {.attempts = 2}});
  EXPECT_TRUE(support::read_file(path("started")).empty());
  EXPECT_EQ((touch | command{"a b"}).stages().size(), 2U);
  EXPECT_EQ((command{"a", "b c"} | command{"d"}).to_string(), "a 'b c' | d");
}

}  // namespace
