// Exit statuses, and the names of signals, reasons and levels.
// SPDX-License-Identifier: Apache-2.0
#include <csignal>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include <gtest/gtest.h>

#include <brood/result.hpp>
#include <brood/status.hpp>

namespace {

using brood::exit_status;
using brood::signal_name;
using brood::signal_number;

TEST(exit_status, of_an_exit_is_a_code_and_no_signal) {
  const auto s = exit_status::exited(3);
  EXPECT_EQ(s.code(), 3);
  EXPECT_EQ(s.signal(), std::nullopt);
  EXPECT_EQ(s.returncode(), 3);
  EXPECT_TRUE(s.determined());
  EXPECT_FALSE(s.success());
  EXPECT_EQ(s.to_string(), "exit status 3");
}

TEST(exit_status, of_a_kill_is_a_signal_and_no_code) {
  const auto s = exit_status::signaled(SIGSEGV, true);
  EXPECT_EQ(s.code(), std::nullopt);
  EXPECT_EQ(s.signal(), SIGSEGV);
  EXPECT_EQ(s.returncode(), -SIGSEGV);
  EXPECT_TRUE(s.core_dumped());
  EXPECT_FALSE(s.success());
  EXPECT_EQ(s.to_string(), "killed by SIGSEGV (core dumped)");
  EXPECT_EQ(exit_status::signaled(SIGTERM, false).to_string(), "killed by SIGTERM");
}

TEST(exit_status, tells_a_code_of_137_from_sigkill) {
  EXPECT_NE(exit_status::exited(137), exit_status::signaled(SIGKILL, false));
  EXPECT_EQ(exit_status::exited(137).returncode(), 137);
}

TEST(exit_status, succeeds_with_zero_alone) {
  EXPECT_TRUE(exit_status::exited(0).success());
  EXPECT_FALSE(exit_status::exited(1).success());
  EXPECT_FALSE(exit_status().success());
}

TEST(exit_status, may_be_undetermined) {
  const exit_status s;
  EXPECT_FALSE(s.determined());
  EXPECT_EQ(s.code(), std::nullopt);
  EXPECT_EQ(s.signal(), std::nullopt);
  EXPECT_EQ(s.returncode(), std::nullopt);
  EXPECT_EQ(s.to_string(), "exit status unknown");
}

TEST(completed_process, that_never_ran_is_no_success) {
  const brood::completed_process r;
  EXPECT_EQ(r.reason, brood::reason::not_started);
  EXPECT_FALSE(r.success());
  EXPECT_TRUE(r.complete);
}

TEST(signal_number, takes_names_in_any_case_with_or_without_prefix) {
  for (const char* name : {"TERM", "SIGTERM", "term", "sigterm", "SigTerm", "15"}) {
    EXPECT_EQ(signal_number(name), SIGTERM) << name;
  }
}

TEST(signal_number, takes_numbers_from_1_to_64) {
  EXPECT_EQ(signal_number("1"), 1);
  EXPECT_EQ(signal_number("64"), 64);
  for (const char* text :
       {"0", "65", "128", "-1", "+9", "9 ", " 9", "9x", "4294967305", "18446744073709551625"}) {
    EXPECT_EQ(signal_number(text), std::nullopt) << text;
  }
}

TEST(signal_number, refuses_what_is_no_signal) {
  for (const char* text : {"", "SIG", "NOPE", "SIGSIGTERM", "TERM ", " TERM", "TERM1", "SIG15",
                           "EXIT", "a name that is much too long to be a signal's name"}) {
    EXPECT_EQ(signal_number(text), std::nullopt) << text;
  }
  EXPECT_EQ(signal_number(std::string_view("TERM\0", 5)), std::nullopt);
}

TEST(signal_number, knows_the_other_names_of_a_signal) {
  EXPECT_EQ(signal_number("IOT"), SIGABRT);
  EXPECT_EQ(signal_number("CLD"), SIGCHLD);
  EXPECT_EQ(signal_number("POLL"), SIGPOLL);
}

TEST(signal_number, counts_real_time_signals_from_both_ends) {
  EXPECT_EQ(signal_number("RTMIN"), SIGRTMIN);
  EXPECT_EQ(signal_number("SIGRTMIN+3"), SIGRTMIN + 3);
  EXPECT_EQ(signal_number("rtmax-1"), SIGRTMAX - 1);
  EXPECT_EQ(signal_number("RTMAX"), SIGRTMAX);
  for (const char* text : {"RTMIN+", "RTMIN-1", "RTMAX+1", "RTMIN+99", "RTMAX-99", "RTMIN+x",
                           "RTMIN3", "RTMIN+ 3", "RTMIN++3", "RTMIN+4294967296"}) {
    EXPECT_EQ(signal_number(text), std::nullopt) << text;
  }
}

TEST(signal_name, is_the_usual_one) {
  EXPECT_EQ(signal_name(SIGTERM), "SIGTERM");
  EXPECT_EQ(signal_name(SIGABRT), "SIGABRT");
  EXPECT_EQ(signal_name(SIGCHLD), "SIGCHLD");
  EXPECT_EQ(signal_name(SIGIO), "SIGIO");
  EXPECT_EQ(signal_name(SIGRTMIN), "SIGRTMIN");
  EXPECT_EQ(signal_name(SIGRTMIN + 1), "SIGRTMIN+1");
  EXPECT_EQ(signal_name(SIGRTMAX), "SIGRTMAX");
}

TEST(signal_name, of_a_number_without_a_name_says_the_number) {
  EXPECT_EQ(signal_name(0), "signal 0");
  EXPECT_EQ(signal_name(77), "signal 77");
  EXPECT_EQ(signal_name(-1), "signal -1");
}

TEST(signal_name, leads_back_to_its_number) {
  std::set<std::string> seen;
  for (int n = 1; n <= 64; ++n) {
    const std::string name = signal_name(n);
    EXPECT_TRUE(seen.insert(name).second) << name;
    if (!name.starts_with("SIG")) continue;  // what the C library keeps for itself
    EXPECT_EQ(signal_number(name), n) << name;
  }
}

TEST(signal_name, is_there_for_all_that_kill_1_lists) {
  for (int n = 1; n <= 31; ++n) EXPECT_TRUE(signal_name(n).starts_with("SIG")) << n;
}

TEST(status, names_every_reason_once) {
  using brood::reason;
  EXPECT_EQ(to_string(reason::exited), "exited");
  EXPECT_EQ(to_string(reason::signaled), "signaled");
  EXPECT_EQ(to_string(reason::timed_out), "timed_out");
  EXPECT_EQ(to_string(reason::idle_timed_out), "idle_timed_out");
  EXPECT_EQ(to_string(reason::cpu_limit), "cpu_limit");
  EXPECT_EQ(to_string(reason::memory_limit), "memory_limit");
  EXPECT_EQ(to_string(reason::output_limit), "output_limit");
  EXPECT_EQ(to_string(reason::file_size_limit), "file_size_limit");
  EXPECT_EQ(to_string(reason::cancelled), "cancelled");
  EXPECT_EQ(to_string(reason::not_started), "not_started");
}

TEST(status, names_every_level_and_backend) {
  using brood::backend;
  using brood::containment;
  EXPECT_EQ(to_string(containment::process), "process");
  EXPECT_EQ(to_string(containment::group), "group");
  EXPECT_EQ(to_string(containment::tree), "tree");
  EXPECT_EQ(to_string(containment::sealed), "sealed");
  EXPECT_EQ(to_string(backend::native), "native");
  EXPECT_EQ(to_string(backend::posix), "posix");
}

}  // namespace
