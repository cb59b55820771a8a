// The queries. A run without an end is alive if its lock is held, otherwise it was interrupted.
// SPDX-License-Identifier: Apache-2.0
#include "journal/reader.hpp"

#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "journal/error.hpp"
#include "journal/folder.hpp"
#include "journal/schema.hpp"

namespace journal {

namespace {

const std::string select_run =
    "SELECT id, argv, cwd, version, workers, started, written, ended, exit_status, succeeded,"
    " failed, skipped FROM run ";

std::string existing(const std::string& folder) {
  std::string path = database_path(folder);
  if (::access(path.c_str(), R_OK) != 0) {
    throw error{"cannot read the journal '" + path + "': " + std::strerror(errno)};
  }
  return path;
}

}  // namespace

reader::reader(const std::string& folder, std::chrono::milliseconds busy)
    : folder_(folder), db_(existing(folder), sql::access::read, busy), locks_(folder, false) {
  check_schema(db_);
}

run_record reader::read_run(const sql::statement& row) const {
  run_record r;
  r.id = row.integer_at(0);
  r.info.argv = unpack_arguments(row.view_at(1));
  r.info.cwd = row.bytes_at(2);
  r.info.version = row.bytes_at(3);
  r.info.workers = static_cast<std::uint32_t>(row.integer_at(4));
  r.info.started = to_moment(row.integer_at(5));
  if (!row.is_null(7)) {
    r.ended = to_moment(row.integer_at(7));
  } else if (locks_.is_held(r.id)) {
    r.state = run_state::running;
  } else {
    r.state = run_state::interrupted;
    r.ended = to_moment(row.integer_at(6));
  }
  if (!row.is_null(8)) r.exit_status = static_cast<int>(row.integer_at(8));
  r.succeeded = static_cast<std::uint64_t>(row.integer_at(9));
  r.failed = static_cast<std::uint64_t>(row.integer_at(10));
  r.skipped = static_cast<std::uint64_t>(row.integer_at(11));
  return r;
}

std::vector<run_record> reader::runs() {
  std::vector<run_record> all;
  sql::statement rows(db_, select_run + "ORDER BY id");
  while (rows.step()) all.push_back(read_run(rows));
  return all;
}

std::optional<run_record> reader::run(std::int64_t number) {
  sql::statement row(db_, select_run + "WHERE id = ?");
  row.integer(number);
  if (!row.step()) return std::nullopt;
  return read_run(row);
}

std::optional<run_record> reader::last_run() {
  sql::statement row(db_, select_run + "ORDER BY id DESC LIMIT 1");
  if (!row.step()) return std::nullopt;
  return read_run(row);
}

void reader::each_attempt(std::int64_t run, const std::function<void(const attempt&)>& see) {
  sql::statement rows(db_, "SELECT " + std::string(attempt_columns) +
                               " FROM attempt WHERE run = ? ORDER BY seq, number");
  rows.integer(run);
  while (rows.step()) see(read_attempt(rows));
}

std::vector<attempt> reader::attempts_of(std::int64_t run, std::uint64_t seq) {
  std::vector<attempt> all;
  sql::statement rows(db_, "SELECT " + std::string(attempt_columns) +
                               " FROM attempt WHERE run = ? AND seq = ? ORDER BY number");
  rows.integer(run).integer(static_cast<std::int64_t>(seq));
  while (rows.step()) all.push_back(read_attempt(rows));
  return all;
}

std::string reader::path_of(const kept_output& kept) const {
  return kept.path.starts_with('/') ? kept.path : folder_ + "/" + kept.path;
}

}  // namespace journal
