// What a journal holds: runs, and the attempts of their jobs.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "journal/key.hpp"

namespace journal {

/// Wall-clock time, nanoseconds since 1970 in UTC.
using moment = std::chrono::sys_time<std::chrono::nanoseconds>;

/// Where the output of an attempt was kept. `path`: absolute, or relative to the folder of the
/// journal; "" if it was not kept. Several attempts may share a file.
struct kept_output {
  std::string path{};
  std::uint64_t offset = 0;
  std::uint64_t bytes = 0;

  bool operator==(const kept_output&) const = default;
};

/// One attempt of one job.
struct attempt {
  std::uint64_t seq = 0;     ///< of the job in its run, from 1
  std::uint32_t number = 1;  ///< of the attempt, from 1
  std::uint32_t slot = 0;    ///< of the worker, from 1
  std::vector<std::string> argv{};
  job_identity identity{};
  moment started{};

  // How it ended.
  bool ended = false;
  bool success = false;
  bool last = true;  ///< no further attempt of this job follows
  std::chrono::nanoseconds wall{};
  std::chrono::nanoseconds user{};
  std::chrono::nanoseconds system{};
  std::uint64_t max_rss_bytes = 0;
  int pid = 0;           ///< 0: not started
  std::string reason{};  ///< as brood::to_string(brood::reason) spells it
  std::optional<int> exit_code{};
  std::optional<int> signal{};
  bool complete = true;
  std::string containment{};
  std::string error{};  ///< what failed on our side, if anything
  kept_output out{};
  kept_output err{};
};

/// A call of the tool that ran jobs.
struct run_info {
  std::vector<std::string> argv{};
  std::string cwd{};
  std::string version{};  ///< of the tool
  std::uint32_t workers = 0;
  moment started{};
};

/// A job that --resume did not run again.
struct skipped_job {
  std::uint64_t seq = 0;
  job_key key{};
};

enum class run_state { running, ended, interrupted };

struct run_record {
  std::int64_t id = 0;
  run_info info{};
  run_state state = run_state::ended;
  std::optional<moment> ended{};     ///< if it was interrupted, when it last wrote an entry
  std::optional<int> exit_status{};  ///< of the tool
  std::uint64_t succeeded = 0;       ///< jobs
  std::uint64_t failed = 0;
  std::uint64_t stopped = 0;  ///< with the run, by a signal or --halt
  std::uint64_t skipped = 0;  ///< jobs that an earlier run had done
};

}  // namespace journal
