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

job_key to_key(std::string_view blob) {
  job_key key{};
  std::memcpy(key.data(), blob.data(), std::min(blob.size(), key.size()));
  return key;
}

moment to_moment(std::int64_t nanoseconds) { return moment(std::chrono::nanoseconds(nanoseconds)); }
std::int64_t to_number(moment t) { return t.time_since_epoch().count(); }

const std::string_view attempt_columns =
    "seq, number, slot, argv, key, command, subject, started, ended, success, last, wall, user, "
    "system, max_rss, pid, reason, exit_code, signal, complete, containment, error, out_path, "
    "out_offset, out_bytes, err_path, err_offset, err_bytes";

attempt read_attempt(const sql::statement& row) {
  int column = 0;
  const auto number = [&] { return row.integer_at(column++); };
  const auto natural = [&] { return static_cast<std::uint64_t>(number()); };
  const auto bytes = [&] { return row.bytes_at(column++); };
  const auto span = [&] { return std::chrono::nanoseconds(number()); };
  const auto maybe = [&] {
    const int at = column++;
    return row.is_null(at) ? std::nullopt : std::optional(static_cast<int>(row.integer_at(at)));
  };
  const auto output = [&] {
    kept_output kept;
    kept.path = bytes();
    kept.offset = natural();
    kept.bytes = natural();
    return kept;
  };
  attempt a;
  a.seq = natural();
  a.number = static_cast<std::uint32_t>(number());
  a.slot = static_cast<std::uint32_t>(number());
  a.argv = unpack_arguments(row.view_at(column++));
  a.identity.key = to_key(row.view_at(column++));
  a.identity.command = natural();
  a.identity.subject = natural();
  a.started = to_moment(number());
  a.ended = number() != 0;
  a.success = number() != 0;
  a.last = number() != 0;
  a.wall = span();
  a.user = span();
  a.system = span();
  a.max_rss_bytes = natural();
  a.pid = static_cast<int>(number());
  a.reason = bytes();
  a.exit_code = maybe();
  a.signal = maybe();
  a.complete = number() != 0;
  a.containment = bytes();
  a.error = bytes();
  a.out = output();
  a.err = output();
  return a;
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
