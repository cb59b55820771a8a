// A limit on the size of files that the host itself is under: refused writes, and no signal.
// SPDX-License-Identifier: Apache-2.0
#include <sys/resource.h>

#include <cerrno>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <brood/brood.hpp>
#include <brood/testing.hpp>

#include "support/clean.hpp"
#include "support/files.hpp"
#include "support/helper.hpp"

namespace {

using brood::containment;
using brood::options;
using support::helper;

// Nothing may be reported while it holds: gtest's output may be a file.
class file_limit {
 public:
  explicit file_limit(rlim_t bytes) {
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit now{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &now);
  }
  ~file_limit() { setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

using FileLimit = support::os_test;
using outcome = brood::expected<brood::completed_process, brood::error>;

outcome run_below(rlim_t bytes, const std::vector<std::string>& verbs, options o) {
  std::vector<std::string> words{helper()};
  words.insert(words.end(), verbs.begin(), verbs.end());
  const file_limit limit(bytes);
  return brood::try_run(words, o);
}

TEST_F(FileLimit, ASealedCommandRunsOrSaysWhyNot) {
  for (const rlim_t bytes : {rlim_t{0}, rlim_t{8192}}) {
    const outcome r =
        run_below(bytes, {"out", "x"}, {.out = brood::PIPE, .contain = containment::sealed});
    if (r) {
      EXPECT_EQ(r->out, "x");  // there is an installed guardian
    } else {
      EXPECT_EQ(r.error().code().value(), EFBIG) << r.error().what();
      EXPECT_EQ(r.error().stage(), brood::error_stage::guard);
    }
  }
}

TEST_F(FileLimit, OtherLevelsNeedNoFile) {
  for (const containment level : {containment::process, containment::group, containment::tree}) {
    const outcome r = run_below(0, {"out", "x"}, {.out = brood::PIPE, .contain = level});
    ASSERT_TRUE(r) << r.error().what();
    EXPECT_EQ(r->out, "x");
  }
}

TEST_F(FileLimit, ACopyThatCannotBeWrittenIsAnErrorThatSaysSo) {
  const std::vector<std::string> verbs{"spam", "64K"};
  options tee{.out = brood::tee(brood::PIPE, brood::file(path("copy"))),
              .contain = containment::process};
  options spill{.out = brood::PIPE,
                .max_output = {1, brood::overflow::spill, path("spilled")},
                .contain = containment::process};
  for (const options& o : {tee, spill}) {
    const outcome r = run_below(8192, verbs, o);
    ASSERT_FALSE(r);
    EXPECT_EQ(r.error().code().value(), EFBIG) << r.error().what();
    EXPECT_EQ(r.error().stage(), brood::error_stage::write);
  }
  EXPECT_EQ(support::read_file(path("copy")).size(), 8192U);
  EXPECT_EQ(support::read_file(path("spilled")).size(), 8192U);
}

TEST_F(FileLimit, AFakeThatCannotBeWrittenIsAnErrorThatSaysSo) {
  brood::testing::fake f;
  f.expect({"tool"}).out(std::string(1 << 20, 'x'));  // more than a pipe takes
  outcome r = [] {
    const file_limit limit(0);
    return brood::try_run({"tool"}, {.out = brood::PIPE});
  }();
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().code().value(), EFBIG) << r.error().what();
}

}  // namespace
