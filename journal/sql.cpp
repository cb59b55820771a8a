// Turns SQLite's results into errors; opens a read-only database as one that does not change.
// SPDX-License-Identifier: Apache-2.0
#include "journal/sql.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <ctime>
#include <utility>

#include "journal/error.hpp"

namespace journal::sql {

namespace {

constexpr std::string_view without = "--no-journal runs without one";

/// The path as a URI, in which these characters would have a meaning of their own.
std::string uri_of(std::string_view path) {
  std::string uri = "file:";
  for (const char c : path) {
    if (c == '%' || c == '?' || c == '#') {
      constexpr std::string_view digits = "0123456789ABCDEF";
      const auto byte = static_cast<unsigned char>(c);
      (uri += '%').append(1, digits[byte >> 4]).append(1, digits[byte & 15]);
    } else {
      uri += c;
    }
  }
  return uri;
}

/// Sleeps for 0.5 to 3 ms, about as long as a transaction takes; not always the same, so that two
/// processes which wait for each other get out of step.
void nap() {
  const auto now = std::chrono::steady_clock::now().time_since_epoch();
  const timespec t{0, 500'000 + (now.count() + ::getpid() * 1'000L) % 2'500'000};
  ::nanosleep(&t, nullptr);
}

/// True if nobody can be writing: there is no write-ahead log, and we may not make the files that
/// SQLite shares with writers. Then the file is read as one that does not change.
bool is_still(const folder& where) {
  return ::faccessat(where.descriptor(), ".", W_OK, 0) != 0 &&
         ::faccessat(where.descriptor(), (database_name + std::string("-wal")).c_str(), F_OK, 0) !=
             0;
}

/// SQLite resolves the links in a path and opens what it has found, which may be something else by
/// then. Ours leads to the folder that is held, and is left as it is.
const char* plain_names() {
  static sqlite3_vfs vfs = [] {
    sqlite3_vfs v = *sqlite3_vfs_find(nullptr);
    v.zName = "brood";
    v.pNext = nullptr;
    v.xFullPathname = [](sqlite3_vfs*, const char* name, int size, char* to) {
      const std::size_t length = std::strlen(name);
      if (length >= static_cast<std::size_t>(size)) return SQLITE_CANTOPEN;
      std::memcpy(to, name, length + 1);
      return SQLITE_OK;
    };
    return v;
  }();
  static const int registered = sqlite3_vfs_register(&vfs, 0);
  return registered == SQLITE_OK ? vfs.zName : nullptr;
}

bool is_about_shared_memory(int code) {
  return code == SQLITE_IOERR_SHMMAP || code == SQLITE_IOERR_SHMOPEN ||
         code == SQLITE_IOERR_SHMSIZE || code == SQLITE_IOERR_SHMLOCK;
}

}  // namespace

database::database(folder where, access how, std::chrono::milliseconds busy)
    : where_(std::move(where)), path_(where_.path_of(database_name)), busy_(busy) {
  int flags = SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI | SQLITE_OPEN_EXRESCODE;
  flags |= how == access::read ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
  check_files();
  const std::string name = where_.held_path_of(database_name);
  std::string uri = uri_of(name);
  if (how == access::read && is_still(where_)) uri += "?immutable=1";
  const int code =
      sqlite3_open_v2(uri.c_str(), &handle_, flags, name == path_ ? nullptr : plain_names());
  try {
    if (code != SQLITE_OK) fail(code);
    harden();
    sqlite3_busy_handler(handle_, wait_for_lock, this);
  } catch (...) {
    sqlite3_close(handle_);
    throw;
  }
}

/// SQLite's own sleeps grow to 100 ms, so the process that has waited longest tries least often,
/// and with several busy runs in one journal it could starve for seconds. Here all try equally
/// often.
int database::wait_for_lock(void* self, int calls) {
  auto& db = *static_cast<database*>(self);
  const auto now = std::chrono::steady_clock::now();
  if (calls == 0) db.waits_since_ = now;
  if (now - db.waits_since_ >= db.busy_) return 0;
  nap();
  return 1;
}

database::~database() { sqlite3_close(handle_); }

void database::fail(int code) const {
  const std::string name = "the journal '" + path_ + "'";
  const int reason = handle_ != nullptr ? sqlite3_system_errno(handle_) : errno;
  const std::string detail = handle_ != nullptr ? sqlite3_errmsg(handle_) : "out of memory";
  switch (code & 0xFF) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      throw error{name + " has been locked by another program for " +
                  std::to_string(busy_.count()) + " ms ('fuser " + path_ +
                  "' names it): wait for it or end it; " + std::string(without)};
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT:
      fail_damaged(detail);
    case SQLITE_FULL:
      throw error{"no space left for " + name + ": free some, then repeat with --resume; " +
                  std::string(without)};
    case SQLITE_READONLY:
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
      throw unavailable{"cannot use " + name + ": " +
                        (reason != 0 ? std::strerror(reason) : detail)};
    case SQLITE_IOERR:
      if (is_about_shared_memory(code)) {
        throw unavailable{"the file system of " + name +
                          " has no memory that programs share, which SQLite needs (" +
                          std::strerror(reason) + ")"};
      }
      if (reason == ENOSPC || reason == EDQUOT) {
        throw error{"no space left for " + name + ": free some, then repeat with --resume; " +
                    std::string(without)};
      }
      break;
    default:
      break;
  }
  std::string text = "cannot use " + name + ": " + detail;
  if (reason != 0) text += std::string(" (") + std::strerror(reason) + ")";
  throw error{text + "; " + std::string(without)};
}

void database::fail_damaged(const std::string& what) const {
  throw error{"the journal '" + path_ + "' is damaged (" + what +
              "): move it away to begin a new one; 'sqlite3 " + path_ +
              " .recover' prints what can be saved"};
}

/// A pipe would be waited for, without an end.
void database::check_files() const {
  for (const char* end : {"", "-wal", "-shm"}) {
    const std::string name = std::string(database_name) + end;
    struct stat about {};
    if (::fstatat(where_.descriptor(), name.c_str(), &about, AT_SYMLINK_NOFOLLOW) == 0 &&
        !S_ISREG(about.st_mode)) {
      throw error{"'" + where_.path_of(name) + "' is no regular file: move it away"};
    }
  }
}

/// A journal may come from somebody else. Nothing in it is code, and nothing is larger than it can
/// be: arguments are a few MiB at most.
void database::harden() {
  constexpr int longest = 64 << 20;
  sqlite3_limit(handle_, SQLITE_LIMIT_LENGTH, longest);
  for (const int part : {SQLITE_DBCONFIG_TRUSTED_SCHEMA, SQLITE_DBCONFIG_ENABLE_VIEW,
                         SQLITE_DBCONFIG_ENABLE_TRIGGER}) {
    sqlite3_db_config(handle_, part, 0, nullptr);
  }
  sqlite3_exec(handle_, "PRAGMA cell_size_check = ON", nullptr, nullptr, nullptr);
}

void database::execute(const char* text) {
  const int code = sqlite3_exec(handle_, text, nullptr, nullptr, nullptr);
  if (code != SQLITE_OK) fail(code);
}

void database::use_log() {
  // If two processes do this to a new file at the same time, SQLite tells one of them at once that
  // the file is busy, without asking the busy handler, to avoid a deadlock.
  const auto give_up = std::chrono::steady_clock::now() + busy_;
  for (;;) {
    const int code = sqlite3_exec(handle_, "PRAGMA journal_mode = WAL", nullptr, nullptr, nullptr);
    if (code == SQLITE_OK) return;
    if ((code & 0xFF) != SQLITE_BUSY || std::chrono::steady_clock::now() >= give_up) fail(code);
    nap();
  }
}

std::int64_t database::number(const char* query) {
  statement s(*this, query);
  return s.step() ? s.integer_at(0) : 0;
}

std::int64_t database::last_id() const { return sqlite3_last_insert_rowid(handle_); }

void database::keep_log_on_close() {
  sqlite3_db_config(handle_, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
}

void database::checkpoint_above(std::int64_t bytes) {
  struct stat log {};
  const std::string name = database_name + std::string("-wal");
  if (::fstatat(where_.descriptor(), name.c_str(), &log, AT_SYMLINK_NOFOLLOW) != 0 ||
      log.st_size <= bytes) {
    return;
  }
  sqlite3_busy_timeout(handle_, 0);
  // If it is busy, the next run does this: entries are as safe in the log as in the database.
  sqlite3_wal_checkpoint_v2(handle_, nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr, nullptr);
}

statement::statement(database& db, std::string_view text) : db_(db) {
  check(sqlite3_prepare_v3(db.handle(), text.data(), static_cast<int>(text.size()),
                           SQLITE_PREPARE_PERSISTENT, &handle_, nullptr));
}

statement::~statement() { sqlite3_finalize(handle_); }

void statement::check(int code) const {
  if (code != SQLITE_OK) db_.fail(code);
}

statement& statement::integer(std::int64_t n) {
  check(sqlite3_bind_int64(handle_, ++bound_, n));
  return *this;
}

statement& statement::text(std::string_view s) {
  check(sqlite3_bind_text64(handle_, ++bound_, s.data() != nullptr ? s.data() : "", s.size(),
                            SQLITE_STATIC, SQLITE_UTF8));
  return *this;
}

statement& statement::blob(std::string_view s) {
  check(sqlite3_bind_blob64(handle_, ++bound_, s.data() != nullptr ? s.data() : "", s.size(),
                            SQLITE_STATIC));
  return *this;
}

statement& statement::null() {
  check(sqlite3_bind_null(handle_, ++bound_));
  return *this;
}

bool statement::step() {
  const int code = sqlite3_step(handle_);
  if (code == SQLITE_ROW) return true;
  bound_ = 0;
  sqlite3_reset(handle_);
  if (code != SQLITE_DONE) db_.fail(code);
  return false;
}

void statement::run() {
  while (step()) {
  }
}

bool statement::is_null(int column) const {
  return sqlite3_column_type(handle_, column) == SQLITE_NULL;
}

void statement::refuse(int column) const {
  db_.fail_damaged("no run writes such a value of '" +
                   std::string(sqlite3_column_name(handle_, column)) + "'");
}

std::int64_t statement::integer_at(int column, range within) const {
  if (sqlite3_column_type(handle_, column) != SQLITE_INTEGER) refuse(column);
  const std::int64_t n = sqlite3_column_int64(handle_, column);
  if (n < within.low || n > within.high) refuse(column);
  return n;
}

std::string_view statement::view_at(int column) const {
  const int type = sqlite3_column_type(handle_, column);
  if (type != SQLITE_BLOB && type != SQLITE_TEXT) refuse(column);
  const void* bytes = sqlite3_column_blob(handle_, column);
  const int size = sqlite3_column_bytes(handle_, column);
  return {static_cast<const char*>(bytes), static_cast<std::size_t>(size)};
}

std::string statement::bytes_at(int column) const { return std::string(view_at(column)); }

transaction::~transaction() {
  if (open_) sqlite3_exec(db_.handle(), "ROLLBACK", nullptr, nullptr, nullptr);
}

void transaction::commit() {
  db_.execute("COMMIT");
  open_ = false;
}

}  // namespace journal::sql
