// The tables, and how they grew. docs/guide/journal.md describes them for people who query them.
// SPDX-License-Identifier: Apache-2.0
#include "journal/schema.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>

#include "journal/error.hpp"

namespace journal {

namespace {

constexpr std::int64_t application_id = 0x62726F64;  // "brod"

// `done` has the jobs whose latest attempt succeeded: small and sorted, for --resume to read.
constexpr const char* tables = R"(
CREATE TABLE run (
  id INTEGER PRIMARY KEY, argv BLOB NOT NULL, cwd BLOB NOT NULL, version TEXT NOT NULL,
  workers INTEGER NOT NULL, started INTEGER NOT NULL, written INTEGER NOT NULL, ended INTEGER,
  exit_status INTEGER, succeeded INTEGER NOT NULL DEFAULT 0, failed INTEGER NOT NULL DEFAULT 0,
  skipped INTEGER NOT NULL DEFAULT 0);
CREATE TABLE attempt (
  run INTEGER NOT NULL, seq INTEGER NOT NULL, number INTEGER NOT NULL, slot INTEGER NOT NULL,
  argv BLOB NOT NULL, key BLOB NOT NULL, command INTEGER NOT NULL, subject INTEGER NOT NULL,
  started INTEGER NOT NULL, ended INTEGER NOT NULL, success INTEGER NOT NULL,
  last INTEGER NOT NULL, wall INTEGER NOT NULL, user INTEGER NOT NULL, system INTEGER NOT NULL,
  max_rss INTEGER NOT NULL, pid INTEGER NOT NULL, reason TEXT NOT NULL, exit_code INTEGER,
  signal INTEGER, complete INTEGER NOT NULL, containment TEXT NOT NULL, error BLOB NOT NULL,
  out_path BLOB NOT NULL, out_offset INTEGER NOT NULL, out_bytes INTEGER NOT NULL,
  err_path BLOB NOT NULL, err_offset INTEGER NOT NULL, err_bytes INTEGER NOT NULL,
  PRIMARY KEY (run, seq, number)) WITHOUT ROWID;
CREATE TABLE done (key BLOB PRIMARY KEY, run INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE part (
  key BLOB NOT NULL, kind TEXT NOT NULL, name BLOB NOT NULL, digest BLOB NOT NULL,
  PRIMARY KEY (key, kind, name)) WITHOUT ROWID;
PRAGMA application_id = 1651666788;
PRAGMA user_version = 1;
)";

/// What makes the next version of each, the first one of nothing.
constexpr std::array<const char*, schema_version> steps{
    tables,
    "ALTER TABLE run ADD COLUMN stopped INTEGER NOT NULL DEFAULT 0;"
    "PRAGMA user_version = 2;",
    "CREATE TABLE skipped (run INTEGER NOT NULL, seq INTEGER NOT NULL, jobs BLOB NOT NULL,"
    " PRIMARY KEY (run, seq)) WITHOUT ROWID;"
    "PRAGMA user_version = 3;",
};

bool is_empty(sql::database& db) {
  return db.number("PRAGMA user_version") == 0 &&
         db.number("SELECT count(*) FROM sqlite_schema") == 0;
}

}  // namespace

int check_schema(sql::database& db) {
  const std::int64_t version = db.number("PRAGMA user_version");
  if (db.number("PRAGMA application_id") != application_id) {
    throw error{"'" + db.path() + "' is a database, but not a journal of brood: move it away"};
  }
  if (version > schema_version) {
    throw error{"the journal '" + db.path() + "' is of version " + std::to_string(version) +
                ", and brood " BROOD_VERSION " knows none above " + std::to_string(schema_version) +
                ": use the newer brood, or move it away"};
  }
  return static_cast<int>(version);
}

void make_schema(sql::database& db) {
  const auto version = [&db] { return is_empty(db) ? 0 : check_schema(db); };
  if (version() == schema_version) return;
  sql::transaction t(db);
  // Asked again: another run may have been faster.
  for (auto v = static_cast<std::size_t>(version()); v < steps.size(); ++v) db.execute(steps[v]);
  t.commit();
}

std::string pack_arguments(const std::vector<std::string>& argv) {
  std::string blob;
  for (const std::string& word : argv) (blob += word) += '\0';
  return blob;
}

std::vector<std::string> unpack_arguments(std::string_view blob) {
  std::vector<std::string> argv;
  while (!blob.empty()) {
    const std::size_t end = std::min(blob.find('\0'), blob.size());
    argv.emplace_back(blob.substr(0, end));
    blob.remove_prefix(std::min(end + 1, blob.size()));
  }
  return argv;
}

namespace {

// What is read is within these, so that it can be added and subtracted.
constexpr sql::range flag{0, 1};
constexpr sql::range natural{0, INT64_MAX / 2};
constexpr sql::range until_2100{0, 4'102'444'800'000'000'000};
constexpr sql::range thirty_years{0, 1'000'000'000'000'000'000};
constexpr sql::range an_int{0, INT32_MAX};
constexpr sql::range signals{1, 127};
constexpr sql::range positions{1, INT64_MAX / 2};
constexpr sql::range a_million{0, 1'000'000};  // the most that --jobs takes

}  // namespace

job_key key_at(const sql::statement& row, int column) {
  const std::string_view blob = row.view_at(column);
  job_key key{};
  if (blob.size() != key.size()) row.refuse(column);
  std::memcpy(key.data(), blob.data(), key.size());
  return key;
}

moment moment_at(const sql::statement& row, int column) {
  return moment(std::chrono::nanoseconds(row.integer_at(column, until_2100)));
}

std::uint64_t natural_at(const sql::statement& row, int column) {
  return static_cast<std::uint64_t>(row.integer_at(column, natural));
}

std::uint32_t small_at(const sql::statement& row, int column) {
  return static_cast<std::uint32_t>(row.integer_at(column, a_million));
}

std::optional<int> maybe_at(const sql::statement& row, int column, sql::range within) {
  if (row.is_null(column)) return {};
  return static_cast<int>(row.integer_at(column, within));
}

std::int64_t to_number(moment t) { return t.time_since_epoch().count(); }

const std::string_view attempt_columns =
    "seq, number, slot, argv, key, command, subject, started, ended, success, last, wall, user, "
    "system, max_rss, pid, reason, exit_code, signal, complete, containment, error, out_path, "
    "out_offset, out_bytes, err_path, err_offset, err_bytes";

attempt read_attempt(const sql::statement& row) {
  int column = 0;
  const auto number = [&](sql::range within = {}) { return row.integer_at(column++, within); };
  const auto bytes = [&] { return row.bytes_at(column++); };
  const auto yes = [&] { return number(flag) != 0; };
  const auto span = [&] { return std::chrono::nanoseconds(number(thirty_years)); };
  const auto output = [&] {
    kept_output kept;
    kept.path = bytes();
    kept.offset = natural_at(row, column++);
    kept.bytes = natural_at(row, column++);
    return kept;
  };
  attempt a;
  a.seq = static_cast<std::uint64_t>(number(positions));
  a.number = static_cast<std::uint32_t>(number({1, INT32_MAX}));
  a.slot = small_at(row, column++);
  a.argv = unpack_arguments(row.view_at(column++));
  a.identity.key = key_at(row, column++);
  a.identity.command = static_cast<std::uint64_t>(number());
  a.identity.subject = static_cast<std::uint64_t>(number());
  a.started = moment_at(row, column++);
  a.ended = yes();
  a.success = yes();
  a.last = yes();
  a.wall = span();
  a.user = span();
  a.system = span();
  a.max_rss_bytes = natural_at(row, column++);
  a.pid = static_cast<int>(number(an_int));
  a.reason = bytes();
  a.exit_code = maybe_at(row, column++, an_int);
  a.signal = maybe_at(row, column++, signals);
  a.complete = yes();
  a.containment = bytes();
  a.error = bytes();
  a.out = output();
  a.err = output();
  return a;
}

void pack_skipped(std::string& blob, std::uint64_t seq, const job_key& key) {
  for (unsigned shift = 0; shift < 64; shift += 8) blob += static_cast<char>(seq >> shift);
  blob += view_of(key);
}

skipped_job unpack_skipped(std::string_view blob) {
  skipped_job job;
  for (std::size_t i = 8; i-- > 0;) {
    job.seq = job.seq << 8 | static_cast<unsigned char>(blob[i]);
  }
  std::memcpy(job.key.data(), blob.data() + 8, job.key.size());
  return job;
}

const std::string_view insert_attempt =
    "INSERT OR REPLACE INTO attempt VALUES"
    " (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)";

void bind_attempt(sql::statement& insert, std::int64_t run, const attempt& a,
                  std::string_view arguments) {
  const auto number = [&insert](auto n) { insert.integer(static_cast<std::int64_t>(n)); };
  const auto maybe = [&](const std::optional<int>& n) { n ? insert.integer(*n) : insert.null(); };
  const auto output = [&](const kept_output& kept) {
    insert.blob(kept.path);
    number(kept.offset);
    number(kept.bytes);
  };
  insert.integer(run);
  number(a.seq);
  number(a.number);
  number(a.slot);
  insert.blob(arguments).blob(view_of(a.identity.key));
  number(a.identity.command);
  number(a.identity.subject);
  number(to_number(a.started));
  number(a.ended);
  number(a.success);
  number(a.last);
  number(a.wall.count());
  number(a.user.count());
  number(a.system.count());
  number(a.max_rss_bytes);
  number(a.pid);
  insert.text(a.reason);
  maybe(a.exit_code);
  maybe(a.signal);
  number(a.complete);
  insert.text(a.containment).blob(a.error);
  output(a.out);
  output(a.err);
}

}  // namespace journal
