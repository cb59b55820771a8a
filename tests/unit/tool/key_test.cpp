// The key of a job: what changes it, what does not, and that it stays what it was.
// SPDX-License-Identifier: Apache-2.0
#include "journal/key.hpp"

#include <gtest/gtest.h>

#include "journal/error.hpp"
#include "support/files.hpp"
#include "support/journals.hpp"

namespace {

using journal::job_content;
using journal::job_identifier;

journal::job_key key_of(const job_content& job) { return job_identifier().identify(job).key; }

TEST(job_key, is_the_same_for_ever) {
  // A key that changes from one version of the tool to the next makes every --resume begin anew.
  EXPECT_EQ(journal::to_text(key_of({.argv = {"echo", "a"}, .cwd = "/work"})),
            "8749b6eb7b80d698936099094c2072f1");
}

TEST(job_key, tells_arguments_apart) {
  const auto joined = key_of({.argv = {"echo", "a b"}, .cwd = "/"});
  EXPECT_NE(joined, key_of({.argv = {"echo", "a", "b"}, .cwd = "/"}));
  EXPECT_NE(joined, key_of({.argv = {"echo", "a b", ""}, .cwd = "/"}));
  EXPECT_NE(joined, key_of({.argv = {"echo", "a b"}, .cwd = "/tmp"}));
  EXPECT_NE(key_of({.argv = {"echo", "\xFF"}}), key_of({.argv = {"echo", "\xFE"}}));
}

TEST(job_key, does_not_depend_on_order_or_subject) {
  const job_content one{.argv = {"true"}, .environment = {{"A", "1"}, {"B", "2"}}};
  const job_content two{
      .argv = {"true"}, .environment = {{"B", "2"}, {"A", "1"}}, .subject = {"x"}};
  EXPECT_EQ(key_of(one), key_of(two));
  const job_content other{.argv = {"true"}, .environment = {{"A", "1"}, {"B", "3"}}};
  EXPECT_NE(key_of(one), key_of(other));
}

TEST(job_key, follows_the_content_of_inputs_and_not_their_time) {
  const support::temp_folder folder;
  support::write_file(folder / "in", "one");
  job_identifier same;
  const job_content job{.argv = {"wc", "in"}, .cwd = folder.path(), .inputs = {"in"}};
  const auto first = same.identify(job).key;
  support::write_file(folder / "in", "two!");
  EXPECT_NE(same.identify(job).key, first);
  support::write_file(folder / "in", "one");
  EXPECT_EQ(same.identify(job).key, first);
  EXPECT_NE(key_of({.argv = job.argv, .cwd = job.cwd}), first);
}

TEST(job_key, refuses_inputs_that_cannot_be_read) {
  const support::temp_folder folder;
  const auto message = [&](const std::string& name) -> std::string {
    try {
      key_of({.argv = {"wc"}, .cwd = folder.path(), .inputs = {name}});
    } catch (const journal::error& e) {
      return e.what();
    }
    return "";
  };
  EXPECT_EQ(message("none"),
            "cannot read the input '" + folder.path() + "/none': No such file or directory");
  EXPECT_EQ(message("."), "the input '" + folder.path() + "/.' is not a regular file");
}

}  // namespace
