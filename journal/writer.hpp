// The journal of a project: every run and attempt, in an SQLite database that survives SIGKILL.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "journal/types.hpp"

namespace journal {

struct writer_settings {
  std::chrono::milliseconds batch{100};  ///< how long an entry may wait for others
  std::chrono::milliseconds busy{5000};  ///< how long to wait for another program's lock
};

/// Writes one run. A thread of its own writes what was handed over, at most `batch` later, in one
/// transaction; so a tool that is killed loses no more than that, and the database is always
/// whole. For one calling thread.
///
/// Errors: every function throws journal::error. What goes wrong on the journal's thread is thrown
/// by the next call; nothing is written from then on.
class writer {
 public:
  using settings = writer_settings;

  /// Makes the folder if need be. `folder`: as folder_to_use() says.
  explicit writer(const std::string& folder, settings s = {});
  ~writer();  ///< writes what is left, if it can
  writer(const writer&) = delete;
  writer& operator=(const writer&) = delete;

  const std::string& folder() const;

  /// Once: begins a run, in a database that is made if need be. That takes a moment, which the
  /// caller may use; until await_run() it is not known whether there is a journal at all.
  void start_run(run_info info);
  std::int64_t await_run();               ///< \return the number of the run, from 1
  std::int64_t begin_run(run_info info);  ///< both

  /// True if the latest ended attempt of this job was a success when this was called first, which
  /// reads the keys of all such jobs.
  bool succeeded(const job_key& key);

  /// Why this job runs or is skipped under --resume, for people: "skipped: succeeded in run 3",
  /// "runs: the input 'a.csv' changed since run 3". The first call reads the whole journal.
  std::string explain(const job_identity& job);

  /// Such a job is written only if it is still running when its batch is.
  void job_started(const attempt& a);
  void record(attempt a);
  void job_skipped();

  /// Writes all that is left; nothing more may come. `exit_status`: of the tool.
  void start_end(int exit_status);
  void await_end();               ///< until it is written
  void end_run(int exit_status);  ///< both

 private:
  struct impl;
  std::unique_ptr<impl> impl_;
};

}  // namespace journal
