// The journal of a project: every run and attempt, in an SQLite database that survives SIGKILL.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "journal/folder.hpp"
#include "journal/history.hpp"
#include "journal/types.hpp"

namespace journal {

struct writer_settings {
  std::chrono::milliseconds batch{100};  ///< how long an entry may wait for others
  std::chrono::milliseconds busy{5000};  ///< how long to wait for another program's lock
};

/// Writes one run. Entries are queued, and a thread of its own writes them in one transaction at
/// most `batch` later. So a tool that is killed loses no more than that, and the database is always
/// consistent. For one calling thread.
///
/// Errors: every function throws journal::error; the constructor and await_run() `unavailable`,
/// where no journal can be kept here. What fails on the journal's thread is thrown by
/// the next call, and nothing is written from then on.
class writer {
 public:
  using settings = writer_settings;

  /// Makes the folder if need be. `path`: see folder_to_use().
  explicit writer(const std::string& path, settings s = {});
  ~writer();  ///< writes what is queued, if it can
  writer(const writer&) = delete;
  writer& operator=(const writer&) = delete;

  const folder& where() const;

  /// Begins the run, once, in a database that is made if need be. That takes a few milliseconds, in
  /// which the caller may do other things; only await_run() tells whether it worked.
  void start_run(run_info info);
  std::int64_t await_run();               ///< \return the number of the run, from 1
  std::int64_t begin_run(run_info info);  ///< both

  /// True if the latest finished attempt of this job was a success. The first call reads the keys
  /// of all such jobs, and later ones answer from those.
  bool succeeded(const job_key& key);

  /// Why this job runs or is skipped under --resume: "skipped: succeeded in run 3", "runs: the
  /// input 'a.csv' changed since run 3". The first call reads the whole journal.
  std::string explain(const question& q);

  /// A job that has ended before its batch is written leaves only the entry of record().
  void job_started(const attempt& a);
  void record(attempt a);
  void job_skipped(std::uint64_t seq, const job_key& key);
  /// The attempt that was recorded last for a job stays the last one, though `last` was not set.
  void job_given_up(std::uint64_t seq, std::uint32_t number);

  /// Writes what is queued; no entry may follow. `exit_status`: of the tool.
  void start_end(int exit_status);
  void await_end();               ///< returns once all is written
  void end_run(int exit_status);  ///< both

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace journal
