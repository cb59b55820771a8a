// Whatever is in a journal: every reader of it ends, with a bounded report or one error.
// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>
#include <unistd.h>

#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "exit.hpp"
#include "journal/error.hpp"
#include "journal/history.hpp"
#include "journal/reader.hpp"
#include "journal/sql.hpp"
#include "journal/writer.hpp"
#include "report/formats.hpp"
#include "report/json_forms.hpp"
#include "report/why.hpp"
#include "support/files.hpp"
#include "support/journals.hpp"

namespace {

using namespace std::chrono_literals;
using support::some_attempt;
using support::some_run;

constexpr std::size_t most_output = 1 << 20;
constexpr const char* database = "journal.db";

class journal_damage : public testing::Test {
 protected:
  std::string folder() const { return temp_ / ".brood"; }
  journal::folder held() const { return journal::folder::open(folder()); }

  /// Two runs with an attempt of each kind.
  void SetUp() override {
    for (const int run : {1, 2}) {
      journal::writer j(folder(), {.busy = 50ms});
      j.begin_run(some_run());
      journal::attempt a = some_attempt(1, {"a"}, run - 1);
      a.identity.parts = {{journal::job_part::kind::environment, "A", a.identity.key}};
      a.err = {.path = "output/1", .offset = 0, .bytes = 4};
      j.record(a);
      journal::attempt b = some_attempt(2, {"b", "c"}, 1);
      b.last = false;
      j.record(b);
      b.number = 2;
      b.reason = "cancelled";
      b.last = true;
      j.record(b);
      j.job_started(some_attempt(3, {"d"}));
      j.job_skipped(4, a.identity.key);
      if (run == 1) j.end_run(1);
    }
    ASSERT_EQ(::mkdir((folder() + "/output").c_str(), 0700), 0);
    support::write_file(folder() + "/output/1", "text");
    change("PRAGMA wal_checkpoint(TRUNCATE)");
    whole_ = support::read_file(folder() + "/" + database);
  }

  void restore(const std::string& bytes) {
    for (const std::string end : {"-wal", "-shm"})
      ::unlink((folder() + "/" + database + end).c_str());
    support::write_file(folder() + "/" + database, bytes);
  }

  /// False if SQLite refuses it.
  bool change(const std::string& text) {
    try {
      journal::sql::database(held(), journal::sql::access::write, 50ms).execute(text.c_str());
      return true;
    } catch (const journal::error&) {
      return false;
    }
  }

  /// Without constraints: then a column takes any value.
  void drop_constraints() {
    for (const std::string table : {"run", "attempt", "done", "part", "skipped"}) {
      ASSERT_TRUE(change("CREATE TABLE t AS SELECT * FROM " + table + "; DROP TABLE " + table +
                         "; ALTER TABLE t RENAME TO " + table));
    }
    change("PRAGMA wal_checkpoint(TRUNCATE)");
  }

  void ends(const std::string& what, const std::function<void()>& read) {
    try {
      read();
    } catch (const journal::error& e) {
      errors_ += e.what() + std::string("\n");
      EXPECT_LT(std::string_view(e.what()).size(), 1000U) << what;
    } catch (const cli::failure& e) {
      errors_ += e.text + "\n";
    } catch (const std::exception& e) {
      ADD_FAILURE() << what << ": " << e.what();
    }
  }

  /// All that reads a journal.
  void read_all(const std::string& what) {
    ends(what, [&] {
      journal::reader r(held(), 50ms);
      for (const journal::run_record& run : r.runs()) (void)cli::run_object(run);
      for (const journal::run_record& run : r.runs()) read_run(what, r, run);
    });
    ends(what, [&] { (void)journal::load_done(held(), 50ms); });
    ends(what, [&] {
      journal::history past(held(), INT64_MAX, 50ms);
      for (const std::string word : {"a", "b", "d"}) {
        const journal::attempt a = some_attempt(1, {word});
        (void)past.explain({a.identity, a.argv});
      }
    });
    ends(what, [&] {
      journal::writer j(folder(), {.busy = 50ms});
      j.begin_run(some_run());
      (void)j.succeeded(some_attempt(1, {"a"}).identity.key);
      const journal::attempt a = some_attempt(1, {"a"});
      (void)j.explain({a.identity, a.argv});
      j.record(some_attempt(1, {"a"}, 1));
      j.end_run(1);
    });
  }

  void read_run(const std::string& what, journal::reader& r, const journal::run_record& run) {
    for (const cli::report_format& form : cli::report_formats()) {
      for (const bool failed : {false, true}) {
        ends(what, [&] {
          cli::sink to;
          form.write({.journal = r, .run = run, .failed_only = failed}, to);
          EXPECT_LT(to.take().size(), most_output) << what << " as " << form.name;
        });
      }
    }
    for (const std::uint64_t job : {1U, 2U, 3U}) {
      ends(what, [&] {
        const auto attempts = r.attempts_of(run.id, job);
        if (attempts.empty()) return;
        cli::sink to;
        cli::write_why(r, run, attempts, to);
        EXPECT_LT(to.take().size(), most_output) << what;
        ::close(r.open_output(attempts.back().err));
      });
    }
  }

  support::temp_folder temp_;
  std::string whole_;
  std::string errors_;  // a line each
};

const std::vector<std::pair<std::string, std::string>> columns = {
    {"run",
     "id argv cwd version workers started written ended exit_status succeeded failed skipped "
     "stopped"},
    {"attempt",
     "run seq number slot argv key command subject started ended success last wall user system "
     "max_rss pid reason exit_code signal complete containment error out_path out_offset out_bytes "
     "err_path err_offset err_bytes"},
    {"done", "key run"},
    {"part", "key kind name digest"},
    {"skipped", "run seq jobs"}};

std::vector<std::string> split(std::string_view words) {
  std::vector<std::string> all;
  while (!words.empty()) {
    const std::size_t end = std::min(words.find(' '), words.size());
    all.emplace_back(words.substr(0, end));
    words.remove_prefix(std::min(end + 1, words.size()));
  }
  return all;
}

TEST_F(journal_damage, any_value_in_any_column) {
  EXPECT_EQ(errors_, "");
  read_all("whole");
  drop_constraints();
  const std::string loose = support::read_file(folder() + "/" + database);
  for (const auto& [table, names] : columns) {
    for (const std::string& column : split(names)) {
      for (const std::string value :
           {"NULL", "''", "x''", "0", "-1", "4294967295", "9223372036854775807",
            "-9223372036854775807 - 1", "1e300", "'x'", "x'ff00'", "zeroblob(20000)", "'/dev/zero'",
            "'../../../../../../etc/passwd'"}) {
        restore(loose);
        const std::string text = "UPDATE " + table + " SET " + column + " = " + value;
        ASSERT_TRUE(change(text)) << text;
        errors_.clear();
        read_all(text);
      }
    }
  }
}

TEST_F(journal_damage, what_is_said) {
  for (const auto& [text, column] : {std::pair("UPDATE part SET kind = ''", "kind"),
                                     std::pair("UPDATE run SET workers = -3", "workers"),
                                     std::pair("UPDATE attempt SET wall = 'long'", "wall"),
                                     std::pair("UPDATE attempt SET key = x'00'", "key")}) {
    restore(whole_);
    ASSERT_TRUE(change(text));
    errors_.clear();
    ends(text, [&] {
      journal::reader r(held(), 50ms);
      cli::sink to;
      cli::write_why(r, *r.run(2), r.attempts_of(2, 1), to);
      cli::write_json({.journal = r, .run = *r.run(2)}, to);
    });
    EXPECT_THAT(errors_, testing::StartsWith("the journal '" + folder() +
                                             "/journal.db' is damaged (no run "
                                             "writes such a value of '" +
                                             column + "'): move it away"));
  }
}

// A tree that leads to the same rows again and again shows them out of order.
TEST_F(journal_damage, rows_that_come_again_end_a_report) {
  drop_constraints();
  for (const std::string table : {"run", "attempt", "done", "skipped"}) {
    ASSERT_TRUE(change("INSERT INTO " + table + " SELECT * FROM " + table));
    errors_.clear();
    read_all(table);
    EXPECT_THAT(errors_, testing::HasSubstr("is damaged")) << table;
  }
}

TEST_F(journal_damage, rows_that_are_made_up_are_not_read) {
  ASSERT_TRUE(change(
      "CREATE TABLE t AS SELECT * FROM attempt WHERE run = 1 AND seq = 1; DROP TABLE attempt;"
      "CREATE VIEW attempt AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
      " SELECT * FROM t, n"));
  read_all("view");
  EXPECT_THAT(errors_, testing::HasSubstr("cannot use the journal '"));
}

TEST_F(journal_damage, any_bytes) {
  std::mt19937 random(20261128);  // NOLINT: always the same
  const auto below = [&random](std::size_t n) { return random() % n; };
  for (int round = 0; round < 400; ++round) {
    std::string bytes = whole_;
    for (std::size_t i = 0; i <= below(8); ++i) {
      bytes[below(bytes.size())] = static_cast<char>(random());
    }
    if (round % 5 == 0) bytes.resize(below(bytes.size()));
    restore(bytes);
    errors_.clear();
    if (round % 3 == 0) support::write_file(folder() + "/journal.db-wal", whole_);
    read_all("round " + std::to_string(round));
  }
}

TEST_F(journal_damage, a_pipe_is_not_waited_for) {
  for (const std::string name : {"journal.db", "journal.db-wal", "journal.db-shm", "output/1"}) {
    restore(whole_);
    ::unlink((folder() + "/" + name).c_str());
    ASSERT_EQ(::mkfifo((folder() + "/" + name).c_str(), 0600), 0);
    errors_.clear();
    read_all(name);
    EXPECT_THAT(errors_, testing::HasSubstr("is no regular file")) << name;
    ::unlink((folder() + "/" + name).c_str());
  }
}

}  // namespace
