// Errors: their one line, their kinds, the classes they are thrown as, and their shared state.
// SPDX-License-Identifier: Apache-2.0
#include <cerrno>
#include <string>
#include <system_error>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <brood/error.hpp>
#include <brood/result.hpp>

#include "base/make_error.hpp"

namespace {

using brood::error;
using brood::error_kind;
using brood::error_stage;
using brood::problem;
using brood::detail::bad_request;
using brood::detail::os_error;

brood::completed_process result_of(int pid) {
  brood::completed_process r;
  r.pid = pid;
  r.out = "some output";
  return r;
}

TEST(error, says_stage_subject_and_reason_in_one_line) {
  EXPECT_STREQ(os_error(error_stage::chdir, "/nope", ENOENT).what(),
               "chdir '/nope': No such file or directory");
  EXPECT_STREQ(os_error(error_stage::exec, "foo", EACCES).what(), "exec 'foo': Permission denied");
}

TEST(error, says_the_detail_instead_of_the_systems_text) {
  const error e = os_error(error_stage::exec, "foo", ENOENT, "the interpreter is missing");
  EXPECT_STREQ(e.what(), "exec 'foo': the interpreter is missing");
  EXPECT_EQ(e.code(), std::errc::no_such_file_or_directory);
  const error t(error_kind::timed_out, error_stage::timeout, "sleep 5", {},
                "timed out after 1.5 s");
  EXPECT_STREQ(t.what(), "timeout sleep 5: timed out after 1.5 s");
}

TEST(error, of_a_bad_request_names_the_option_and_no_stage) {
  const error e = bad_request("timeout", "must be more than 0");
  EXPECT_STREQ(e.what(), "timeout: must be more than 0");
  EXPECT_EQ(e.kind(), error_kind::bad_request);
  EXPECT_EQ(e.stage(), error_stage::request);
  EXPECT_EQ(e.subject(), "timeout");
  EXPECT_FALSE(e.code());
}

TEST(error, of_what_this_host_cannot_do_names_the_option_and_blames_nobody) {
  const error e = brood::detail::unsupported("contain", "'sealed' needs /proc");
  EXPECT_STREQ(e.what(), "contain: 'sealed' needs /proc");
  EXPECT_EQ(e.kind(), error_kind::unsupported);
  EXPECT_EQ(to_string(e.kind()), "unsupported");
  EXPECT_EQ(e.stage(), error_stage::request);
  EXPECT_THROW(e.raise(), brood::spawn_error);
  EXPECT_EQ(os_error(error_stage::open, "memfd", ENOSYS).kind(), error_kind::unsupported);
  EXPECT_STREQ(os_error(error_stage::open, "log", EFBIG).what(), "open 'log': File too large");
}

TEST(error, says_which_mistake_it_is_without_being_read) {
  const error plain = bad_request("timeout", "must be more than 0");
  EXPECT_EQ(plain.problem(), problem::invalid);
  EXPECT_EQ(plain.detail(), "must be more than 0");
  const error two = bad_request("process_group", "contradicts new_session, which has its own")
                        .with(problem::contradicts, "new_session");
  EXPECT_EQ(two.problem(), problem::contradicts);
  EXPECT_EQ(two.other_option(), "new_session");
  EXPECT_STREQ(two.what(), "process_group: contradicts new_session, which has its own");
  EXPECT_EQ(two.with(result_of(7)).problem(), problem::contradicts);
  const error refused = os_error(error_stage::signal, "SIGKILL", EPERM);
  EXPECT_EQ(refused.problem(), problem::none);
  EXPECT_EQ(refused.detail(), "Operation not permitted");
}

TEST(error, leaves_out_what_it_does_not_know) {
  EXPECT_STREQ(os_error(error_stage::pipe, "", EFBIG).what(), "pipe: File too large");
  EXPECT_STREQ(bad_request("", "no command").what(), "no command");
}

TEST(error, stays_one_line_whatever_the_subject) {
  const error e = os_error(error_stage::exec, "a\nb\r\x1b[31m", ENOENT);
  const std::string what = e.what();
  EXPECT_EQ(what.find_first_of("\n\r\x1b"), std::string::npos) << what;
  EXPECT_NE(what.find("No such file or directory"), std::string::npos) << what;
  EXPECT_EQ(e.subject(), "a\nb\r\x1b[31m");
}

TEST(error, keeps_text_that_is_not_ascii_as_it_is) {
  EXPECT_STREQ(bad_request("caf\u00e9", "\u00fcber").what(), "caf\u00e9: \u00fcber");
}

TEST(error, sorts_the_systems_reasons_by_what_a_caller_can_do) {
  const auto kind = [](int e) { return os_error(error_stage::exec, "x", e).kind(); };
  for (const int e : {ENOENT, ENOTDIR, ESRCH}) EXPECT_EQ(kind(e), error_kind::not_found) << e;
  for (const int e : {EACCES, EPERM}) EXPECT_EQ(kind(e), error_kind::denied) << e;
  for (const int e : {EAGAIN, ENOMEM, EMFILE, ENFILE, ENOBUFS, ETXTBSY}) {
    EXPECT_EQ(kind(e), error_kind::busy) << e;
  }
  for (const int e : {EPIPE, ECONNRESET}) EXPECT_EQ(kind(e), error_kind::broken) << e;
  for (const int e : {ENOSYS, EOPNOTSUPP}) EXPECT_EQ(kind(e), error_kind::unsupported) << e;
  for (const int e : {EINVAL, EIO, 0, 99999}) EXPECT_EQ(kind(e), error_kind::other) << e;
}

TEST(error, has_the_systems_code) {
  const error e = os_error(error_stage::open, "f", EACCES);
  EXPECT_EQ(e.code().value(), EACCES);
  EXPECT_EQ(e.code().category(), std::generic_category());
}

TEST(error, carries_a_result_only_in_the_copy_that_was_asked_for) {
  const error bare(error_kind::failed, error_stage::check, "make", {}, "exit status 2");
  const error full = bare.with(result_of(42));
  EXPECT_EQ(bare.result(), nullptr);
  ASSERT_NE(full.result(), nullptr);
  EXPECT_EQ(full.result()->pid, 42);
  EXPECT_EQ(full.result()->out, "some output");
  EXPECT_STREQ(full.what(), bare.what());
  EXPECT_EQ(full.kind(), bare.kind());
  EXPECT_EQ(full.stage(), bare.stage());
}

TEST(error, replaces_the_result_it_carried) {
  const error one = bad_request("a", "b").with(result_of(1));
  const error two = one.with(result_of(2));
  EXPECT_EQ(one.result()->pid, 1);
  EXPECT_EQ(two.result()->pid, 2);
}

TEST(error, keeps_its_result_alive_in_every_copy) {
  error kept = bad_request("x", "y");
  {
    const error inner = os_error(error_stage::read, "p", EFBIG).with(result_of(7));
    kept = inner;
  }
  ASSERT_NE(kept.result(), nullptr);
  EXPECT_EQ(kept.result()->pid, 7);
  EXPECT_STREQ(kept.what(), "read 'p': File too large");
}

TEST(error, may_be_assigned_to_itself_and_read_after_a_move) {
  error e = bad_request("x", "y");
  const error& same = e;
  e = same;
  EXPECT_STREQ(e.what(), "x: y");
  const error moved = std::move(e);
  EXPECT_STREQ(moved.what(), "x: y");
  EXPECT_NE(e.what(),
            nullptr);  // NOLINT(bugprone-use-after-move): it has to be harmless
}

TEST(error, is_copied_without_throwing_as_exceptions_must_be) {
  EXPECT_TRUE(std::is_nothrow_copy_constructible_v<error>);
  EXPECT_TRUE(std::is_nothrow_copy_assignable_v<error>);
  EXPECT_TRUE(std::is_nothrow_copy_constructible_v<brood::timeout_expired>);
}

TEST(error, is_shared_between_threads) {
  const error e = os_error(error_stage::exec, "foo", ENOENT).with(result_of(1));
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([copy = e] {
      for (int i = 0; i < 10000; ++i) {
        error mine = copy;
        const error other = mine;
        mine = other;
      }
    });
  }
  for (std::thread& t : threads) t.join();
  EXPECT_EQ(e.result()->pid, 1);
}

TEST(error, is_thrown_as_the_class_of_its_kind) {
  const auto of = [](error_kind k, error_stage s) { return error(k, s, "x"); };
  EXPECT_THROW(of(error_kind::timed_out, error_stage::timeout).raise(), brood::timeout_expired);
  EXPECT_THROW(of(error_kind::failed, error_stage::check).raise(), brood::called_process_error);
  EXPECT_THROW(of(error_kind::bad_request, error_stage::request).raise(), brood::usage_error);
}

TEST(error, of_a_start_is_thrown_as_spawn_error) {
  for (const error_stage s : {error_stage::open, error_stage::pipe, error_stage::fork,
                              error_stage::guard, error_stage::identity, error_stage::exec}) {
    EXPECT_THROW(error(error_kind::not_found, s, "x").raise(), brood::spawn_error);
  }
}

TEST(error, is_caught_as_itself_and_as_a_standard_exception) {
  EXPECT_THROW(bad_request("a", "b").raise(), error);
  try {
    os_error(error_stage::exec, "foo", ENOENT).with(result_of(9)).raise();
  } catch (const std::exception& e) {
    EXPECT_STREQ(e.what(), "exec 'foo': No such file or directory");
    ASSERT_NE(dynamic_cast<const brood::spawn_error*>(&e), nullptr);
    EXPECT_EQ(dynamic_cast<const brood::spawn_error&>(e).result()->pid, 9);
  }
}

TEST(error, has_a_word_for_every_kind_and_stage) {
  for (int k = 0; k <= static_cast<int>(error_kind::other); ++k) {
    EXPECT_FALSE(to_string(static_cast<error_kind>(k)).empty()) << k;
  }
  for (int s = 0; s <= static_cast<int>(error_stage::check); ++s) {
    EXPECT_FALSE(to_string(static_cast<error_stage>(s)).empty()) << s;
  }
  EXPECT_EQ(to_string(error_stage::request), "request");
  EXPECT_EQ(to_string(error_stage::exec), "exec");
  EXPECT_EQ(to_string(error_stage::timeout), "timeout");
  EXPECT_EQ(to_string(error_stage::check), "check");
}

}  // namespace
