// SQLite, owned: a database and its prepared statements, with errors that say what to do.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "journal/folder.hpp"

struct sqlite3;
struct sqlite3_stmt;

namespace journal::sql {

enum class access { read, write };

/// From `low` to `high`.
struct range {
  std::int64_t low = INT64_MIN;
  std::int64_t high = INT64_MAX;
};

class database {
 public:
  /// The database in `where`. `busy`: how long to wait for another process that writes. `write`
  /// makes a missing file. Errors: journal::error.
  database(folder where, access how, std::chrono::milliseconds busy);
  ~database();
  database(const database&) = delete;
  database& operator=(const database&) = delete;

  void execute(const char* text);
  std::int64_t last_id() const;            ///< of the row that was inserted last
  std::int64_t number(const char* query);  ///< first column of the first row, or 0

  /// Turns on the write-ahead log, even if another process does so at the same time.
  void use_log();
  /// Changes how long to wait for the locks of other processes.
  void set_patience(std::chrono::milliseconds busy) { busy_ = busy; }

  /// Leaves the write-ahead log as it is when the database is closed, which saves an fsync(2).
  void keep_log_on_close();
  /// Moves the log into the database if it is larger than `bytes` and no other process uses it.
  void checkpoint_above(std::int64_t bytes);

  /// Throws journal::error about the latest call, which returned `code`.
  [[noreturn]] void fail(int code) const;
  /// Throws journal::error: what is in the database is nothing that a run writes.
  [[noreturn]] void fail_damaged(const std::string& what) const;

  sqlite3* handle() const { return handle_; }
  const std::string& path() const { return path_; }

 private:
  void check_files() const;
  void harden();
  static int wait_for_lock(void* self, int calls);

  folder where_;  // held, as SQLite opens further files in it later
  std::string path_;
  std::chrono::milliseconds busy_;
  std::chrono::steady_clock::time_point waits_since_;
  sqlite3* handle_ = nullptr;
};

/// Bind all parameters in their order, then step. Bound views have to live until after the last
/// step.
class statement {
 public:
  statement(database& db, std::string_view text);
  ~statement();
  statement(const statement&) = delete;
  statement& operator=(const statement&) = delete;

  statement& integer(std::int64_t n);
  statement& text(std::string_view s);
  statement& blob(std::string_view s);
  statement& null();

  bool step();  ///< true: there is a row; false: no more, and it can be bound again
  void run();   ///< steps to the end

  // A value of another type, or out of its range, is damage: errors.
  bool is_null(int column) const;
  std::int64_t integer_at(int column, range within = {}) const;
  std::string bytes_at(int column) const;      ///< text or a blob
  std::string_view view_at(int column) const;  ///< the same; valid until the next step
  /// For the value of a column that a caller has found to be damaged.
  [[noreturn]] void refuse(int column) const;

 private:
  void check(int code) const;

  database& db_;
  sqlite3_stmt* handle_ = nullptr;
  int bound_ = 0;
};

/// Rolls back unless it was committed.
class transaction {
 public:
  explicit transaction(database& db) : db_(db) { db_.execute("BEGIN IMMEDIATE"); }
  ~transaction();
  transaction(const transaction&) = delete;
  transaction& operator=(const transaction&) = delete;

  void commit();

 private:
  database& db_;
  bool open_ = true;
};

}  // namespace journal::sql
