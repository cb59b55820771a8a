// A journal says what was put in, resumes by content, explains, and refuses what it cannot use.
// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>
#include <unistd.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "journal/ending.hpp"
#include "journal/error.hpp"
#include "journal/reader.hpp"
#include "journal/schema.hpp"
#include "journal/writer.hpp"
#include "support/files.hpp"
#include "support/journals.hpp"

namespace {

using support::some_attempt;
using support::some_run;
using testing::HasSubstr;
using testing::StartsWith;
using namespace std::chrono_literals;

template <class Do>
std::string failure_of(Do what) {
  try {
    what();
  } catch (const journal::error& e) {
    return e.what();
  }
  return "";
}

std::string why(journal::writer& j, const journal::attempt& a) {
  return j.explain({a.identity, a.argv});
}

class journal_test : public testing::Test {
 protected:
  std::string folder() const { return temp_ / ".brood"; }
  journal::folder held() const { return journal::folder::open(folder()); }
  std::string file() const { return folder() + "/journal.db"; }

  // A run with these attempts.
  void add_run(const std::vector<journal::attempt>& attempts) {
    journal::writer j(folder());
    j.begin_run(some_run());
    for (const journal::attempt& a : attempts) j.record(a);
    j.end_run(0);
  }

  std::vector<journal::attempt> attempts(std::int64_t run) {
    std::vector<journal::attempt> all;
    journal::reader(held()).each_attempt(run, [&](const journal::attempt& a) { all.push_back(a); });
    return all;
  }

  support::temp_folder temp_;
};

TEST_F(journal_test, gives_back_what_was_put_in) {
  journal::attempt a = some_attempt(1, {"\xFF\xFE", "", "a\nb", "'</script>"}, 3);
  a.number = 2;
  a.last = false;
  a.signal = 9;
  a.exit_code.reset();
  a.complete = false;
  a.error = "cannot \xFF";
  a.out = {.path = "out/\xFF", .offset = 5, .bytes = 1ULL << 40};
  a.err = {.path = "/tmp/err", .offset = 0, .bytes = 7};
  add_run({a});

  const auto all = attempts(1);
  ASSERT_EQ(all.size(), 1U);
  const journal::attempt& b = all[0];
  EXPECT_EQ(b.seq, a.seq);
  EXPECT_EQ(b.number, a.number);
  EXPECT_EQ(b.slot, a.slot);
  EXPECT_EQ(b.argv, a.argv);
  EXPECT_EQ(b.identity.key, a.identity.key);
  EXPECT_EQ(b.identity.command, a.identity.command);
  EXPECT_EQ(b.identity.subject, a.identity.subject);
  EXPECT_EQ(b.started, a.started);
  EXPECT_TRUE(b.ended);
  EXPECT_FALSE(b.success);
  EXPECT_FALSE(b.last);
  EXPECT_EQ(b.wall, a.wall);
  EXPECT_EQ(b.user, a.user);
  EXPECT_EQ(b.system, a.system);
  EXPECT_EQ(b.max_rss_bytes, a.max_rss_bytes);
  EXPECT_EQ(b.pid, a.pid);
  EXPECT_EQ(b.reason, a.reason);
  EXPECT_EQ(b.exit_code, a.exit_code);
  EXPECT_EQ(b.signal, a.signal);
  EXPECT_FALSE(b.complete);
  EXPECT_EQ(b.containment, a.containment);
  EXPECT_EQ(b.error, a.error);
  EXPECT_EQ(b.out, a.out);
  EXPECT_EQ(b.err, a.err);
}

TEST_F(journal_test, counts_jobs_and_not_attempts) {
  journal::attempt first = some_attempt(1, {"a"}, 1);
  first.last = false;
  journal::attempt second = some_attempt(1, {"a"});
  second.number = 2;
  {
    journal::writer j(folder());
    EXPECT_EQ(j.begin_run(some_run(7)), 1);
    j.record(first);
    j.record(second);
    j.record(some_attempt(2, {"b"}, 1));
    j.job_skipped(3, some_attempt(3, {"c"}).identity.key);
    j.end_run(1);
  }
  journal::reader reader(held());
  reader.each_skipped(1, [](const journal::skipped_job& job) {
    EXPECT_EQ(job.seq, 3U);
    EXPECT_EQ(job.key, some_attempt(3, {"c"}).identity.key);
  });
  const auto run = reader.last_run();
  ASSERT_TRUE(run);
  EXPECT_EQ(run->succeeded, 1U);
  EXPECT_EQ(run->failed, 1U);
  EXPECT_EQ(run->skipped, 1U);
  EXPECT_EQ(run->state, journal::run_state::ended);
  EXPECT_EQ(run->exit_status, 1);
  EXPECT_EQ(run->info.argv, some_run().argv);
  EXPECT_EQ(run->info.cwd, "/work");
  EXPECT_EQ(run->info.version, "0.1.0");
  EXPECT_EQ(run->info.workers, 7U);
  EXPECT_EQ(run->info.started, support::long_ago);
}

TEST_F(journal_test, a_run_is_alive_while_its_process_is_and_interrupted_after) {
  {
    journal::writer j(folder());
    j.begin_run(some_run());
    journal::reader reader(held());
    EXPECT_EQ(reader.last_run()->state, journal::run_state::running);
    EXPECT_FALSE(reader.last_run()->ended);
  }  // as a tool does that dies
  const auto run = journal::reader(held()).last_run();
  EXPECT_EQ(run->state, journal::run_state::interrupted);
  EXPECT_TRUE(run->ended);
  EXPECT_FALSE(run->exit_status);
}

TEST_F(journal_test, shows_jobs_that_run_and_not_twice) {
  journal::writer j(folder(), {.batch = 1ms});
  j.begin_run(some_run());
  const journal::attempt a = some_attempt(1, {"sleep"});
  j.job_started(a);
  ASSERT_TRUE(support::poll_until(support::patience, [&] { return attempts(1).size() == 1; }));
  EXPECT_FALSE(attempts(1)[0].ended);
  j.record(a);
  j.end_run(0);
  ASSERT_EQ(attempts(1).size(), 1U);
  EXPECT_TRUE(attempts(1)[0].ended);
}

TEST_F(journal_test, an_entry_is_there_soon_and_without_a_further_call) {
  journal::writer j(folder());
  j.begin_run(some_run());
  j.record(some_attempt(1, {"a"}));
  EXPECT_TRUE(support::poll_until(support::patience, [&] { return attempts(1).size() == 1; }));
  EXPECT_EQ(journal::reader(held()).last_run()->succeeded, 1U);
}

TEST_F(journal_test, the_latest_attempt_decides_whether_a_job_is_done) {
  const auto a = some_attempt(1, {"a"});
  const auto b = some_attempt(2, {"b"}, 1);
  add_run({a, b});
  {
    journal::writer j(folder());
    EXPECT_TRUE(j.succeeded(a.identity.key));
    EXPECT_FALSE(j.succeeded(b.identity.key));
  }
  // Another position and another run: the content is what counts. And a failure counts too.
  add_run({some_attempt(9, {"b"}), some_attempt(1, {"a"}, 2)});
  journal::writer j(folder());
  EXPECT_FALSE(j.succeeded(a.identity.key));
  EXPECT_TRUE(j.succeeded(b.identity.key));
}

TEST_F(journal_test, explains_why_a_job_runs) {
  support::write_file(temp_ / "data", "1");
  const auto job = [&](std::vector<std::string> argv, int code, const std::string& lang) {
    journal::attempt a = some_attempt(1, argv, code);
    a.identity = journal::job_identifier().identify({.argv = argv,
                                                     .cwd = temp_.path(),
                                                     .environment = {{"LANG", lang}},
                                                     .inputs = {"data"},
                                                     .subject = {argv.back()}});
    return a;
  };
  const auto good = job({"wc", "x"}, 0, "C");
  auto bad = job({"wc", "y"}, 3, "C");
  bad.seq = 2;
  auto open = job({"wc", "z"}, 0, "C");
  open.seq = 3;
  {
    journal::writer j(folder());
    j.begin_run(some_run());
    j.record(good);
    j.record(bad);
    j.job_started(open);
    j.end_run(1);
  }
  journal::writer j(folder());
  j.begin_run(some_run());
  EXPECT_EQ(why(j, good), "skipped: succeeded in run 1");
  EXPECT_EQ(why(j, bad), "runs: failed in run 1: exit status 3");
  EXPECT_EQ(why(j, open), "runs: not finished in run 1");
  EXPECT_EQ(why(j, job({"wc", "x"}, 0, "de")), "runs: the variable LANG changed since run 1");
  EXPECT_EQ(why(j, job({"wc", "-l", "x"}, 0, "C")),
            "runs: the command changed since run 1, where it was wc x");
  EXPECT_EQ(why(j, job({"wc", "new"}, 0, "C")), "runs: no earlier run has it");
  auto moved = job({"wc", "y"}, 0, "C");
  moved.identity = journal::job_identifier().identify({.argv = moved.argv, .cwd = "/elsewhere"});
  EXPECT_EQ(why(j, moved),
            "runs: the directory changed since run 1, which was in '" + some_run().cwd + "'");
  support::write_file(temp_ / "data", "22");
  EXPECT_EQ(why(j, job({"wc", "x"}, 0, "C")), "runs: the input 'data' changed since run 1");
}

TEST_F(journal_test, two_runs_at_once_keep_apart) {
  journal::writer one(folder(), {.batch = 1ms});
  journal::writer two(folder(), {.batch = 1ms});
  EXPECT_EQ(one.begin_run(some_run()), 1);
  EXPECT_EQ(two.begin_run(some_run()), 2);
  for (std::uint64_t i = 1; i <= 300; ++i) {
    one.record(some_attempt(i, {"one", std::to_string(i)}));
    two.record(some_attempt(i, {"two", std::to_string(i)}, 1));
  }
  one.end_run(0);
  two.end_run(101);
  const auto runs = journal::reader(held()).runs();
  ASSERT_EQ(runs.size(), 2U);
  EXPECT_EQ(runs[0].succeeded, 300U);
  EXPECT_EQ(runs[1].failed, 300U);
  EXPECT_EQ(attempts(1).back().argv[0], "one");
  EXPECT_EQ(attempts(2).back().argv[0], "two");
}

TEST_F(journal_test, the_folder_is_closed_to_others_and_to_git) {
  add_run({});
  struct stat info {};
  ASSERT_EQ(::stat(folder().c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700U);
  EXPECT_EQ(support::read_file(folder() + "/.gitignore"), "*\n");
}

TEST_F(journal_test, an_older_version_is_read_and_grows) {
  add_run({some_attempt(1, {"a"})});
  journal::sql::database(held(), journal::sql::access::write, 1s)
      .execute("ALTER TABLE run DROP COLUMN stopped; DROP TABLE skipped; PRAGMA user_version = 1");
  EXPECT_EQ(journal::reader(held()).last_run()->succeeded, 1U);
  EXPECT_EQ(journal::reader(held()).last_run()->stopped, 0U);
  journal::attempt stopped = some_attempt(1, {"b"}, 1);
  stopped.reason = "cancelled";
  add_run({stopped});
  EXPECT_EQ(journal::reader(held()).last_run()->stopped, 1U);
  EXPECT_EQ(journal::reader(held()).run(1)->succeeded, 1U);
}

TEST_F(journal_test, a_stopped_job_has_not_failed) {
  journal::attempt a = some_attempt(1, {"a"}, 1);
  a.reason = "cancelled";
  journal::attempt again = some_attempt(2, {"b"}, 1);
  again.last = false;
  {
    journal::writer j(folder());
    j.begin_run(some_run());
    j.record(a);
    j.record(again);
    j.record(some_attempt(3, {"c"}, 1));
    j.job_given_up(2, 1);
    j.end_run(143);
  }
  const auto run = journal::reader(held()).last_run();
  EXPECT_EQ(run->stopped, 1U);
  EXPECT_EQ(run->failed, 2U);
  EXPECT_TRUE(attempts(1)[1].last);
  journal::writer j(folder());
  j.begin_run(some_run());
  EXPECT_EQ(why(j, a), "runs: was stopped in run 1");
  j.end_run(0);
}

TEST(attempt_state, is_one_of_five) {
  using journal::run_state;
  using journal::state_of;
  using state = journal::attempt_state;
  journal::attempt a = some_attempt(1, {"a"});
  EXPECT_EQ(state_of(a, run_state::ended), state::unfinished);
  EXPECT_EQ(state_of(a, run_state::running), state::running);
  a.ended = true;
  EXPECT_EQ(state_of(a, run_state::running), state::succeeded);
  a.success = false;
  EXPECT_EQ(state_of(a, run_state::ended), state::failed);
  a.reason = "cancelled";
  EXPECT_EQ(state_of(a, run_state::interrupted), state::stopped);
  EXPECT_EQ(to_text(state::unfinished), "unfinished");
}

// --- what it refuses -----------------------------------------------------------------------------

TEST_F(journal_test, a_damaged_file_is_named) {
  ASSERT_EQ(::mkdir(folder().c_str(), 0700), 0);
  support::write_file(file(), std::string(8192, 'x'));
  const std::string expected = "the journal '" + file() + "' is damaged (file is not a database)";
  EXPECT_THAT(failure_of([&] { journal::writer(folder()).begin_run(some_run()); }),
              StartsWith(expected));
  EXPECT_THAT(failure_of([&] { journal::reader r(held()); }), StartsWith(expected));
}

TEST_F(journal_test, a_newer_version_is_named) {
  add_run({});
  journal::sql::database(held(), journal::sql::access::write, 1s)
      .execute("PRAGMA user_version = 99");
  const std::string expected = "the journal '" + file() + "' is of version 99, and brood ";
  EXPECT_THAT(failure_of([&] { journal::writer(folder()).begin_run(some_run()); }),
              StartsWith(expected));
  EXPECT_THAT(failure_of([&] { journal::reader r(held()); }), StartsWith(expected));
}

TEST_F(journal_test, somebody_elses_database_is_left_alone) {
  ASSERT_EQ(::mkdir(folder().c_str(), 0700), 0);
  journal::sql::database(held(), journal::sql::access::write, 1s).execute("CREATE TABLE t (x)");
  EXPECT_THAT(failure_of([&] { journal::writer(folder()).begin_run(some_run()); }),
              HasSubstr("not a journal of brood"));
}

TEST_F(journal_test, a_lock_that_does_not_end_is_named) {
  add_run({});
  journal::sql::database other(held(), journal::sql::access::write, 1s);
  other.execute("BEGIN IMMEDIATE");
  EXPECT_THAT(failure_of([&] { journal::writer(folder(), {.busy = 20ms}).begin_run(some_run()); }),
              HasSubstr("has been locked by another program for 20 ms ('fuser " + file()));
  // Readers do not care.
  EXPECT_EQ(journal::reader(held()).runs().size(), 1U);
}

TEST_F(journal_test, what_fails_on_the_thread_is_thrown_by_the_next_call) {
  journal::writer j(folder(), {.batch = 1ms, .busy = 20ms});
  j.begin_run(some_run());
  journal::sql::database other(held(), journal::sql::access::write, 1s);
  other.execute("BEGIN IMMEDIATE");
  std::string text;
  support::poll_until(support::patience, [&] {
    text = failure_of([&] { j.record(some_attempt(1, {"a"})); });
    return !text.empty();
  });
  EXPECT_THAT(text, HasSubstr("has been locked"));
  EXPECT_THAT(failure_of([&] { j.end_run(0); }), HasSubstr("has been locked"));
}

TEST_F(journal_test, there_is_no_journal_to_read) {
  EXPECT_EQ(failure_of([&] { journal::reader r(held()); }),
            "cannot read the journal '" + file() + "': No such file or directory");
}

TEST_F(journal_test, a_folder_that_cannot_be_made_is_named) {
  support::write_file(folder(), "a file");
  EXPECT_THAT(
      failure_of([&] { journal::writer j(folder()); }),
      StartsWith("the folder of the journal, '" + folder() + "', cannot be used: Not a dir"));
}

}  // namespace
