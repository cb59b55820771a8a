// The reading side of a journal: runs and their attempts, while others write.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "journal/run_lock.hpp"
#include "journal/sql.hpp"
#include "journal/types.hpp"

namespace journal {

class reader {
 public:
  /// Errors: journal::error, also if there is no journal.
  explicit reader(const std::string& folder,
                  std::chrono::milliseconds busy = std::chrono::seconds(5));

  std::vector<run_record> runs();  ///< oldest first
  std::optional<run_record> run(std::int64_t number);
  std::optional<run_record> last_run();

  /// All attempts of a run, ordered by the number of the job, then of the attempt.
  void each_attempt(std::int64_t run, const std::function<void(const attempt&)>& see);
  /// The attempts of one job.
  std::vector<attempt> attempts_of(std::int64_t run, std::uint64_t seq);

  /// The path of the file that an output was kept in.
  std::string path_of(const kept_output& kept) const;
  const std::string& folder() const { return folder_; }

 private:
  run_record read_run(const sql::statement& row) const;

  std::string folder_;
  sql::database db_;
  run_locks locks_;
};

}  // namespace journal
