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

/// What a job of --pipe gets on its stdin: text, or a part of a file.
struct job_block {
  std::string text;
  int file = -1;  ///< borrowed from the source of jobs; -1: `text`
  std::uint64_t from = 0;
  std::uint64_t length = 0;   ///< in either case
  journal::job_key digest{};  ///< only with a journal
};

struct map_job {
  std::uint64_t seq = 0;           ///< from 1, in the order of the arguments
  std::vector<std::string> args;   ///< what replaces {}
  std::optional<job_block> block;  ///< its stdin under --pipe
  int slot = 0;                    ///< where its attempt runs, from 1
  int attempt = 1;
  brood::command cmd{std::vector<std::string>{}};
  std::optional<brood::retry_schedule> schedule;
  journal::job_identity identity;  ///< only with a journal
  std::string folder;              ///< where --results keeps its output
  std::int64_t first_start = 0;    ///< ns since 1970
  std::int64_t started = 0;        ///< this attempt, ns since 1970
  std::int64_t began = 0;          ///< this attempt, monotonic ns
};

/// How an attempt ended.
struct job_end {
  const map_job* job = nullptr;
  const brood::completed_process* result = nullptr;  ///< null: it was not started
  const brood::error* wrong = nullptr;               ///< what failed on our side, or null
  int status = 0;                                    ///< what `brood run` would have exited with
  bool success = false;
  bool last = true;             ///< no further attempt follows
  std::string folder = {};      ///< where --results keeps its output
  std::uint64_t out_bytes = 0;  ///< of stdout, if our files have it
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
  /// After got::wait: the descriptor that becomes readable when there is more.
  virtual int waits_for() const = 0;
  /// How many jobs there are in all, if that is known.
  virtual std::optional<std::uint64_t> total() const { return {}; }
};

}  // namespace cli
