// The reading side of a journal: runs and their attempts, while others write.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "journal/folder.hpp"
#include "journal/run_lock.hpp"
#include "journal/sql.hpp"
#include "journal/types.hpp"

namespace journal {

class reader {
 public:
  /// Errors: journal::error, also if there is no journal.
  explicit reader(folder where, std::chrono::milliseconds busy = std::chrono::seconds(5));

  std::vector<run_record> runs();  ///< oldest first
  std::optional<run_record> run(std::int64_t number);
  std::optional<run_record> last_run();

  /// All attempts of a run, ordered by the number of the job, then of the attempt.
  void each_attempt(std::int64_t run, const std::function<void(const attempt&)>& see);
  /// The jobs that a run has skipped, in their order.
  void each_skipped(std::int64_t run, const std::function<void(const skipped_job&)>& see);
  /// The attempts of one job.
  std::vector<attempt> attempts_of(std::int64_t run, std::uint64_t seq);

  /// The path of the file that an output was kept in.
  std::string path_of(const kept_output& kept) const;
  /// Opens that file for reading, if it is one that a run may have written: `output/N` in the
  /// folder; or the file of --results that a journal of ours names. A journal may come from
  /// somebody else, and name what only we can read. \return a descriptor. Errors: journal::error.
  int open_output(const kept_output& kept) const;
  const folder& where() const { return where_; }

 private:
  run_record read_run(const sql::statement& row) const;

  folder where_;
  run_locks locks_;  // first: says so if the file system has no locks
  sql::database db_;
  int version_ = 0;
  std::string select_run_;
};

}  // namespace journal
