// What the words before the command of `brood map` ask for.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "flags.hpp"
#include "map/halt.hpp"

namespace cli {

/// How many jobs at once, as given: a number, a share of the CPUs, or relative to them.
struct job_count {
  enum class kind : unsigned char { cpus, number, percent, more_than_cpus, unbounded };
  kind what = kind::cpus;
  double number = 0;
};

/// How the output of jobs becomes ours.
enum class output_mode : unsigned char {
  grouped,    ///< a job's output at its end
  lines,      ///< whole lines as they come
  ungrouped,  ///< as it comes: jobs write to our streams
};

/// The settings of `map`, in addition to those of every verb.
struct map_settings : settings {
  // Arguments
  std::vector<std::string> files;
  char delimiter = '\n';
  std::optional<std::string> separator;
  bool csv = false;
  bool header = false;
  bool shuffle = false;
  std::size_t max_args = 0;                ///< 0: not given
  bool skip_empty = false;                 ///< records without any text are no arguments
  std::optional<std::string> replacement;  ///< of -I
  std::uint64_t block = 1 << 20;
  std::optional<std::string> record_start;
  std::optional<std::string> record_end;

  // When
  job_count jobs;
  halt_policy halt;
  std::optional<double> timeout_percent;  ///< of the median
  brood::duration delay;
  std::optional<double> load;
  std::optional<std::uint64_t> free_memory;
  bool lock = false;
  bool workers = false;

  // Output
  output_mode output = output_mode::grouped;
  bool keep_order = false;
  bool tag = false;
  std::optional<std::string> tag_text;
  std::string results;
  std::string joblog;
  bool progress = false;
  bool bar = false;
  bool eta = false;

  // Journal
  bool no_journal = false;
  bool resume = false;
  bool explain = false;
  std::vector<std::string> depends;
  std::vector<std::string> depfiles;  ///< of --depends-file
  std::vector<std::string> creates;
};

/// The number of jobs that this is on this machine. Errors: failure.
int resolve(const job_count& n);
/// True if the limit of open files allows fewer.
bool is_bounded(const job_count& n);
/// "4", "50%", "+1", "-1", "0". Errors: failure.
job_count parse_job_count(const std::string& text);

/// The flags of `brood map`, for read_flags() and help_of() with a map_settings.
const verb_flags& map_flags();

}  // namespace cli
