// One job of a batch, from its arguments to its end.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <brood/command.hpp>
#include <brood/error.hpp>
#include <brood/result.hpp>
#include <brood/retry.hpp>

#include "journal/key.hpp"
#include "map/source.hpp"

namespace cli {

struct map_job {
  std::uint64_t seq = 0;             ///< from 1, in the order of the arguments
  std::vector<std::string> args;     ///< what replaces {}
  std::optional<std::string> block;  ///< of --pipe: its stdin
  int slot = 0;                      ///< from 1; of the attempt that runs
  int attempt = 1;
  brood::command cmd{std::vector<std::string>{}};
  std::optional<brood::retry_schedule> schedule;
  journal::job_identity identity;  ///< only with a journal
  std::string folder;              ///< of its output under --results
  std::int64_t first_start = 0;    ///< ns since 1970
  std::int64_t started = 0;        ///< ns since 1970; of this attempt
  std::int64_t began = 0;          ///< monotonic ns; of this attempt
};

/// How an attempt ended.
struct job_end {
  const map_job* job = nullptr;
  const brood::completed_process* result = nullptr;  ///< null: it was not started
  const brood::error* wrong = nullptr;               ///< what went wrong on our side, or null
  int status = 0;  ///< as the exit status of `brood run` would have been
  bool success = false;
  bool last = true;             ///< no further attempt
  std::string folder = {};      ///< of its output under --results
  std::uint64_t out_bytes = 0;  ///< of stdout, if it passed through our files
};

/// Where jobs come from.
class job_source {
 public:
  job_source() = default;
  job_source(const job_source&) = delete;
  job_source& operator=(const job_source&) = delete;
  virtual ~job_source() = default;

  /// Fills seq, args and block. Never waits. Errors: failure.
  virtual got next(map_job& to) = 0;
  /// What becomes readable when there is more, after got::wait.
  virtual int waits_for() const = 0;
  /// How many there are in all, if it is known.
  virtual std::optional<std::uint64_t> total() const { return {}; }
};

}  // namespace cli
