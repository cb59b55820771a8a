// Recordings as lines of JSON, and lines that are none.
// SPDX-License-Identifier: Apache-2.0
#include "testing/recording.hpp"

#include <string>

#include <gtest/gtest.h>

#include "support/comma_locale.hpp"

namespace {

using brood::detail::from_line;
using brood::detail::recording;
using brood::detail::to_line;

std::string line_with(const std::string& member) { return R"({"args": ["x"], )" + member + "}\n"; }

TEST(recording, comes_back_from_its_line) {
  recording r;
  r.args = {"git", "log"};
  r.cwd = "/tmp";
  r.out = "caf\xC3\xA9\n";
  r.err = std::string("\xFF\0", 2);
  r.code = 3;
  r.wall_ns = 1'250'000'001;
  const auto back = from_line(to_line(r));
  ASSERT_TRUE(back) << to_line(r);
  EXPECT_EQ(back->args, r.args);
  EXPECT_EQ(back->cwd, r.cwd);
  EXPECT_EQ(back->out, r.out);
  EXPECT_EQ(back->err, r.err);
  EXPECT_EQ(back->code, 3);
  EXPECT_EQ(back->wall_ns, r.wall_ns);
}

TEST(recording, is_json_where_the_locale_has_a_decimal_comma) {
  const support::comma_locale comma;
  if (!comma.in_force()) GTEST_SKIP() << "no locale with a decimal comma, and no localedef(1)";
  recording r;
  r.args = {"x"};
  r.wall_ns = 500'000'000;
  EXPECT_EQ(to_line(r), R"({"args": ["x"], "exit": 0, "seconds": 0.5})"
                        "\n");
  const auto back = from_line(to_line(r));
  ASSERT_TRUE(back);
  EXPECT_EQ(back->wall_ns, r.wall_ns);
}

TEST(recording, refuses_numbers_that_nothing_ends_with) {
  for (const char* member :
       {R"("exit": 1e300)", R"("exit": -1)", R"("exit": 256)", R"("exit": 1.5)", R"("exit": nan)",
        R"("exit": "3")", R"("signal": 0)", R"("signal": 65)", R"("signal": -1e18)",
        R"("errno": 1e10)", R"("errno": 0)", R"("seconds": 1e300)", R"("seconds": -1)",
        R"("seconds": inf)", R"("seconds": 1e99999)"}) {
    EXPECT_FALSE(from_line(line_with(member))) << member;
  }
  EXPECT_TRUE(from_line(line_with(R"("exit": 255, "seconds": 9e9)")));
  EXPECT_TRUE(from_line(line_with(R"("signal": 64, "unknown": 1e300)")));
}

}  // namespace
