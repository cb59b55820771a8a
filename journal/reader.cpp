// The queries. A run without an end is alive if its lock is held, otherwise it was interrupted.
// SPDX-License-Identifier: Apache-2.0
#include "journal/reader.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>
#include <utility>

#include "journal/error.hpp"
#include "journal/folder.hpp"
#include "journal/schema.hpp"

namespace journal {

namespace {

/// A journal of version 1 has not counted the jobs that were stopped.
std::string select_runs(int version) {
  return std::string(
             "SELECT id, argv, cwd, version, workers, started, written, ended, exit_status,"
             " succeeded, failed, skipped, ") +
         (version < 2 ? "0" : "stopped") + " FROM run ";
}

const folder& existing(const folder& where) {
  if (::faccessat(where.descriptor(), database_name, R_OK, 0) != 0) {
    throw error{"cannot read the journal '" + where.path_of(database_name) +
                "': " + std::strerror(errno)};
  }
  return where;
}

/// N of "output/N", the name of a file that runs make in the folder; "" for other names.
std::string number_in(std::string_view path) {
  constexpr std::string_view before = "output/";
  if (!path.starts_with(before)) return {};
  path.remove_prefix(before.size());
  return path.find_first_not_of("0123456789") == path.npos ? std::string(path) : std::string();
}

/// True for the names of the files of --results: "stdout", "stderr.2".
bool is_result(std::string_view path) {
  std::string_view name = path.substr(path.rfind('/') + 1);
  if (!name.starts_with("stdout") && !name.starts_with("stderr")) return false;
  name.remove_prefix(6);
  return name.empty() ||
         (name.front() == '.' && name.find_first_not_of("0123456789", 1) == name.npos);
}

}  // namespace

reader::reader(folder where, std::chrono::milliseconds busy)
    : where_(std::move(where)),
      locks_(existing(where_), false),
      db_(where_, sql::access::read, busy) {
  version_ = check_schema(db_);
  select_run_ = select_runs(version_);
}

run_record reader::read_run(const sql::statement& row) const {
  run_record r;
  r.id = row.integer_at(0, {1, INT64_MAX});
  r.info.argv = unpack_arguments(row.view_at(1));
  r.info.cwd = row.bytes_at(2);
  r.info.version = row.bytes_at(3);
  r.info.workers = small_at(row, 4);
  r.info.started = moment_at(row, 5);
  if (!row.is_null(7)) {
    r.ended = moment_at(row, 7);
  } else if (locks_.is_held(r.id)) {
    r.state = run_state::running;
  } else {
    r.state = run_state::interrupted;
    r.ended = moment_at(row, 6);
  }
  r.exit_status = maybe_at(row, 8, {0, 255});
  r.succeeded = natural_at(row, 9);
  r.failed = natural_at(row, 10);
  r.skipped = natural_at(row, 11);
  r.stopped = natural_at(row, 12);
  return r;
}

std::vector<run_record> reader::runs() {
  std::vector<run_record> all;
  sql::statement rows(db_, select_run_ + "ORDER BY id");
  while (rows.step()) {
    all.push_back(read_run(rows));
    if (all.size() > 1 && all[all.size() - 2].id >= all.back().id) rows.refuse(0);
  }
  return all;
}

std::optional<run_record> reader::run(std::int64_t number) {
  sql::statement row(db_, select_run_ + "WHERE id = ?");
  row.integer(number);
  if (!row.step()) return std::nullopt;
  return read_run(row);
}

std::optional<run_record> reader::last_run() {
  sql::statement row(db_, select_run_ + "ORDER BY id DESC LIMIT 1");
  if (!row.step()) return std::nullopt;
  return read_run(row);
}

void reader::each_attempt(std::int64_t run, const std::function<void(const attempt&)>& see) {
  sql::statement rows(db_, "SELECT " + std::string(attempt_columns) +
                               " FROM attempt WHERE run = ? ORDER BY seq, number");
  rows.integer(run);
  // A damaged tree may lead to the same rows again and again.
  std::pair<std::uint64_t, std::uint32_t> last{};
  while (rows.step()) {
    const attempt a = read_attempt(rows);
    const std::pair place(a.seq, a.number);
    if (!(last < place)) rows.refuse(0);
    last = place;
    see(a);
  }
}

void reader::each_skipped(std::int64_t run, const std::function<void(const skipped_job&)>& see) {
  if (version_ < 3) return;
  sql::statement rows(db_, "SELECT jobs FROM skipped WHERE run = ? ORDER BY seq");
  rows.integer(run);
  for (std::uint64_t last = 0; rows.step();) {
    std::string_view jobs = rows.view_at(0);
    for (; jobs.size() >= skipped_size; jobs.remove_prefix(skipped_size)) {
      const skipped_job job = unpack_skipped(jobs);
      if (job.seq <= last) rows.refuse(0);
      last = job.seq;
      see(job);
    }
    if (!jobs.empty()) rows.refuse(0);
  }
}

std::vector<attempt> reader::attempts_of(std::int64_t run, std::uint64_t seq) {
  std::vector<attempt> all;
  sql::statement rows(db_, "SELECT " + std::string(attempt_columns) +
                               " FROM attempt WHERE run = ? AND seq = ? ORDER BY number");
  rows.integer(run).integer(static_cast<std::int64_t>(seq));
  while (rows.step()) {
    all.push_back(read_attempt(rows));
    if (all.size() > 1 && all[all.size() - 2].number >= all.back().number) rows.refuse(1);
  }
  return all;
}

std::string reader::path_of(const kept_output& kept) const {
  return kept.path.starts_with('/') ? kept.path : where_.path_of(kept.path);
}

int reader::open_output(const kept_output& kept) const {
  const auto refuse = [&](const std::string& why) {
    throw error{"cannot read the output '" + path_of(kept) + "': " + why};
  };
  const bool named = kept.path.starts_with('/');
  int fd = -1;
  if (named) {
    if (!where_.is_ours()) refuse("the journal that names it is not ours");
    if (!is_result(kept.path)) refuse("no run writes there");
    constexpr int how = O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
    fd = ::open(kept.path.c_str(), how);
    // The output of an attempt is given a number when the next one starts, which may not happen.
    const std::size_t dot = kept.path.rfind('.');
    if (fd < 0 && errno == ENOENT && dot != kept.path.npos && dot > kept.path.rfind('/')) {
      fd = ::open(kept.path.substr(0, dot).c_str(), how);
      if (fd < 0) errno = ENOENT;
    }
  } else {
    const std::string number = number_in(kept.path);
    if (number.empty()) refuse("no run writes there");
    const int outputs = where_.open_file("output", O_RDONLY | O_DIRECTORY);
    if (outputs < 0) refuse(std::strerror(errno));
    fd = ::openat(outputs, number.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    const int error = errno;
    ::close(outputs);
    errno = error;
  }
  if (fd < 0) refuse(std::strerror(errno));
  struct stat about {};
  const bool known = ::fstat(fd, &about) == 0;
  const unsigned owner = named ? ::geteuid() : where_.owner();
  if (known && S_ISREG(about.st_mode) && about.st_uid == owner) return fd;
  ::close(fd);
  refuse(!known || S_ISREG(about.st_mode) ? "it belongs to another user" : "it is no regular file");
  return -1;
}

}  // namespace journal
