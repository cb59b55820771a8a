// What earlier runs say about a job: did it succeed, and if not, why does it have to run?
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "journal/sql.hpp"
#include "journal/types.hpp"

namespace journal {

/// The sorted keys of all jobs whose latest finished attempt succeeded.
std::vector<job_key> load_done(const folder& where, std::chrono::milliseconds busy);

/// A job of which somebody wants to know why it runs or is skipped.
struct question {
  const job_identity& job;
  const std::vector<std::string>& argv;
  /// Says what is different, "--block changed from 1M to 2M", if a run with these arguments cut
  /// stdin into other blocks; else "".
  std::function<std::string(const std::vector<std::string>& run_argv)> blocks_changed{};
};

/// The attempts of earlier runs, found by key, by command, by arguments or by subject.
class history {
 public:
  /// `before`: the number of the current run; only earlier ones are read.
  history(const folder& where, std::int64_t before, std::chrono::milliseconds busy);

  std::string explain(const question& q);
  /// The latest attempt of a job, and its run.
  std::optional<std::pair<std::int64_t, attempt>> latest(const job_key& key);
  /// The inputs and variables that the journal has for a job, sorted.
  std::vector<job_part> parts_of(const job_key& key);

 private:
  struct outcome {
    std::int64_t run = 0;
    std::uint64_t seq = 0;
    std::uint32_t number = 0;
    job_key key{};
  };
  struct key_hash {
    std::size_t operator()(const job_key& key) const;
  };

  attempt load(const outcome& o);
  run_info info_of(std::int64_t run);
  std::string what_changed(const question& q, const outcome& before);
  std::optional<std::string> find_moved(const question& q);

  sql::database db_;
  std::unordered_map<job_key, outcome, key_hash> by_key_;
  std::unordered_map<std::uint64_t, outcome> by_command_;
  std::unordered_map<std::uint64_t, outcome> by_subject_;
  // By a hash of the arguments, which is worth its time only if a directory has changed.
  std::optional<std::unordered_map<std::size_t, outcome>> by_argv_;
};

}  // namespace journal
