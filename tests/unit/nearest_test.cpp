// The name that was probably meant: found for typing errors, and not for other words.
// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include <brood/option_table.hpp>

namespace {

using brood::nearest_name;

constexpr std::array<std::string_view, 12> names{"timeout", "idle-timeout", "retry", "retries",
                                                 "resume",  "results",      "jobs",  "joblog",
                                                 "tag",     "shell",        "TERM",  "keep-order"};

TEST(nearest_name, sees_letters_added_left_out_replaced_and_exchanged) {
  EXPECT_EQ(nearest_name("timeoutt", names), "timeout");
  EXPECT_EQ(nearest_name("timout", names), "timeout");
  EXPECT_EQ(nearest_name("timeoyt", names), "timeout");
  EXPECT_EQ(nearest_name("tiemout", names), "timeout");
  EXPECT_EQ(nearest_name("idel-timeout", names), "idle-timeout");
  EXPECT_EQ(nearest_name("jbo", std::array<std::string_view, 1>{"job"}), "job");
}

TEST(nearest_name, takes_capitals_and_underscores_for_what_they_stand_for) {
  EXPECT_EQ(nearest_name("Timeout", names), "timeout");
  EXPECT_EQ(nearest_name("keep_order", names), "keep-order");
  EXPECT_EQ(nearest_name("term", names), "TERM");
  EXPECT_EQ(nearest_name("trem", names), "TERM");
}

TEST(nearest_name, prefers_the_nearest_and_the_same_first_letter) {
  EXPECT_EQ(nearest_name("resumes", names), "resume");
  EXPECT_EQ(nearest_name("result", names), "results");
  EXPECT_EQ(nearest_name("bag", std::array<std::string_view, 2>{"tag", "bat"}), "bat");
}

TEST(nearest_name, completes_a_beginning_that_only_one_name_has) {
  EXPECT_EQ(nearest_name("idle", names), "idle-timeout");
  EXPECT_EQ(nearest_name("keep", names), "keep-order");
  EXPECT_EQ(nearest_name("res", names), "");  // resume, results
  EXPECT_EQ(nearest_name("ke", names), "");
}

TEST(nearest_name, is_silent_about_what_is_far_from_all) {
  for (const std::string& word :
       {std::string(), std::string("x"), std::string("-"), std::string("frobnicate"),
        std::string("verbose"), std::string(1000, 't'), std::string(41, 't')}) {
    EXPECT_EQ(nearest_name(word, names), "") << word;
  }
  EXPECT_EQ(nearest_name("timeout", {}), "");
}

TEST(parse_signal, takes_names_and_numbers) {
  EXPECT_EQ(brood::parse_signal("TERM").value(), 15);
  EXPECT_EQ(brood::parse_signal("sigkill").value(), 9);
  EXPECT_EQ(brood::parse_signal("9").value(), 9);
}

TEST(parse_signal, names_the_signal_that_was_meant) {
  const auto said = [](std::string_view text) {
    return brood::parse_signal(text).error().detail();
  };
  EXPECT_EQ(said("TREM"), "'TREM' is not a signal; did you mean TERM?");
  EXPECT_EQ(said("SIGTREM"), "'SIGTREM' is not a signal; did you mean TERM?");
  EXPECT_EQ(said("sgiint"), "'sgiint' is not a signal; did you mean INT?");
  EXPECT_EQ(said("USER1"), "'USER1' is not a signal; did you mean USR1?");
  EXPECT_EQ(said("KIL"), "'KIL' is not a signal; did you mean KILL?");
  EXPECT_EQ(said("nonsense"), "'nonsense' is not a signal");
  EXPECT_EQ(said("99"), "'99' is not a signal");
}

TEST(option_table, names_the_choice_that_was_meant) {
  const auto said = [](std::string_view option, std::string_view text) {
    brood::options o;
    return std::string(brood::find_option(option)->set(o, text).error().what());
  };
  EXPECT_EQ(said("contain", "seeled"),
            "--contain: 'seeled': not one of process, group, tree, sealed; did you mean sealed?");
  EXPECT_EQ(said("errors", "Strict"),
            "--encoding-errors: 'Strict': not one of strict, replace, ignore, backslashreplace; "
            "did you mean strict?");
  EXPECT_EQ(said("max_output.policy", "haed"),
            "--overflow: 'haed': not one of error, head, tail, head-tail, spill:FILE; did you "
            "mean head?");
  EXPECT_EQ(said("retry.on", "timedout"),
            "--retry-on: 'timedout': neither an exit code, a signal's name nor a reason; did you "
            "mean timed_out?");
  EXPECT_EQ(said("retry.on", "TREM"),
            "--retry-on: 'TREM': neither an exit code, a signal's name nor a reason; did you mean "
            "TERM?");
  EXPECT_EQ(said("stop", "TREM,5s,KILL"), "--stop: 'TREM' is not a signal; did you mean TERM?");
  EXPECT_EQ(said("stop", "TERM,KILL,5x"),
            "--stop: '5x' is not a duration such as 10, 1.5s, 250ms, 1h30m; a ladder is like "
            "TERM,5s,INT,2s,KILL");
}

}  // namespace
