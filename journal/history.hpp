// What earlier runs say about a job: did it succeed, and if not, why does it have to run?
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
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

/// The attempts of earlier runs, found by key, by command or by subject.
class history {
 public:
  /// `before`: the number of the current run; only earlier ones are read.
  history(const folder& where, std::int64_t before, std::chrono::milliseconds busy);

  std::string explain(const job_identity& job);
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
  std::string what_changed(const job_identity& job, const outcome& before);

  sql::database db_;
  std::unordered_map<job_key, outcome, key_hash> by_key_;
  std::unordered_map<std::uint64_t, outcome> by_command_;
  std::unordered_map<std::uint64_t, outcome> by_subject_;
};

}  // namespace journal
