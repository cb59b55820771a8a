// Jobs of the tool that halt their guardian.
// SPDX-License-Identifier: Apache-2.0
#include <signal.h>

#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <brood/brood.hpp>

#include "support/clean.hpp"
#include "support/files.hpp"
#include "support/helper.hpp"

namespace {

using brood::containment;

class ToolHaltedGuardian : public support::os_test {
 protected:
  // `brood run` with `flags` and the job.
  std::vector<std::string> command(const std::vector<std::string>& flags) const {
    std::vector<std::string> words{support::tool(), "run", "--contain", "sealed", "-k", "0.05"};
    const auto job = support::halt_guardian(path("ready"));
    words.insert(words.end(), flags.begin(), flags.end());
    words.emplace_back("--");
    words.insert(words.end(), job.begin(), job.end());
    return words;
  }
  void TearDown() override {
    EXPECT_TRUE(support::none_survive());
    os_test::TearDown();
  }
};

TEST_F(ToolHaltedGuardian, DoesNotKeepTheTreeAfterTheDeathOfTheTool) {
  auto tool = brood::spawn(command({}), {.contain = containment::process});
  EXPECT_EQ(support::wait_for_file_line_count(path("ready"), 2).size(), 2U);
  tool.kill();
  EXPECT_EQ(tool.wait().signal(), SIGKILL);
}

TEST_F(ToolHaltedGuardian, DoesNotKeepTheToolFromItsTimeLimit) {
  const auto r = brood::run(command({"-t", "0.2"}), {.err = brood::PIPE});
  EXPECT_EQ(r.status.code(), 124) << r.err;
}

TEST_F(ToolHaltedGuardian, DoesNotKeepTheToolFromTheEndOfItsCommand) {
  const auto r = brood::run({support::tool(), "run", "--contain", "sealed", "--", support::helper(),
                             "signal-parent", "STOP", "+", "exit", "7"});
  EXPECT_EQ(r.status.code(), 7);
}

}  // namespace
