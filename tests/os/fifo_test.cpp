// FIFOs without another side: an open that waits for ever is bounded by the time limit.
// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>

#include <chrono>
#include <string>

#include <gtest/gtest.h>

#include <brood/brood.hpp>

#include "support/files.hpp"
#include "support/helper.hpp"
#include "support/levels.hpp"

namespace {

using namespace std::chrono_literals;
using brood::options;
using support::helper;

class Fifo : public support::level_test {
 protected:
  void SetUp() override {
    level_test::SetUp();
    ASSERT_EQ(mkfifo(path("fifo").c_str(), 0600), 0);
  }
  options limited() const {
    options o;
    o.timeout = 500ms;  // a busy machine has to get to the open by then
    o.contain = GetParam();
    return o;
  }
  void expect_open_to_be_named(const brood::expected<brood::completed_process, brood::error>& r) {
    ASSERT_FALSE(r);
    const brood::error& e = r.error();
    EXPECT_EQ(e.kind(), brood::error_kind::timed_out);
    EXPECT_EQ(e.stage(), brood::error_stage::open);
    EXPECT_EQ(e.subject(), path("fifo"));
    ASSERT_NE(e.result(), nullptr);
    EXPECT_EQ(e.result()->stuck_in, "open '" + path("fifo") + "'");
  }
  static constexpr auto bound = 5s;
};
INSTANTIATE_TEST_SUITE_P(All, Fifo, support::all_levels(), support::level_name);

TEST_P(Fifo, AnOutputWithoutAReaderEndsAtTheTimeLimit) {
  auto o = limited();
  o.out = brood::file(path("fifo"));
  const auto begin = std::chrono::steady_clock::now();
  expect_open_to_be_named(brood::try_run({helper(), "out", "x"}, o));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, bound);
}

TEST_P(Fifo, AnInputWithoutAWriterEndsAtTheTimeLimit) {
  auto o = limited();
  o.in = brood::file(path("fifo"));
  const auto begin = std::chrono::steady_clock::now();
  expect_open_to_be_named(brood::try_run({helper(), "cat"}, o));
  EXPECT_LT(std::chrono::steady_clock::now() - begin, bound);
}

TEST_P(Fifo, ASpawnThatCannotOpenEndsAtTheTimeLimit) {
  auto o = limited();
  o.out = brood::file(path("fifo"));
  const auto begin = std::chrono::steady_clock::now();
  auto p = brood::try_spawn({helper(), "out", "x"}, o);
  if (p) expect_open_to_be_named(p->try_finish());
  EXPECT_LT(std::chrono::steady_clock::now() - begin, bound);
}

// What the host opens itself does not wait for a reader.
TEST_P(Fifo, ATeeWithoutAReaderHoldsNobody) {
  auto o = limited();
  o.timeout = 20s;
  o.out = brood::tee(brood::PIPE, brood::file(path("fifo")));
  const auto begin = std::chrono::steady_clock::now();
  const auto r = brood::try_run({helper(), "out", "x"}, o);
  ASSERT_TRUE(r) << r.error().what();
  EXPECT_EQ(r->out, "x");
  EXPECT_LT(std::chrono::steady_clock::now() - begin, bound);
}

// More than the FIFO holds: the command cannot go on.
TEST_P(Fifo, ATeeThatIsFullEndsAtTheTimeLimit) {
  auto o = limited();
  o.out = brood::tee(brood::PIPE, brood::file(path("fifo")));
  const auto begin = std::chrono::steady_clock::now();
  const auto r = brood::try_run({helper(), "spam", "4M"}, o);
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().kind(), brood::error_kind::timed_out);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, bound);
}

TEST_P(Fifo, AJobThatCannotOpenHoldsNoOther) {
  brood::pool p({.max_workers = 2});
  auto o = limited();
  o.timeout = 300ms;
  o.out = brood::file(path("fifo"));
  const brood::job stuck = p.submit({helper(), "out", "x"}, o);
  o.in = brood::file(path("fifo"));
  o.out = brood::PIPE;
  for (int i = 0; i < 3; ++i) {
    const options free{.out = brood::PIPE, .contain = GetParam()};
    EXPECT_EQ(p.submit({helper(), "out", "y"}, free).result().out, "y");
  }
  expect_open_to_be_named(stuck.try_result());
  expect_open_to_be_named(p.submit({helper(), "cat"}, o).try_result());
}

}  // namespace
