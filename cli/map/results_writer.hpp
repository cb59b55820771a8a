// What is written about each job's end: --joblog, --json, --results.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "map/command_template.hpp"
#include "map/job.hpp"
#include "map/settings.hpp"
#include "map/slot_output.hpp"

namespace cli {

class results_writer {
 public:
  /// Errors: failure.
  results_writer(const map_settings& s, const command_template& c, const template_options& o);
  results_writer(const results_writer&) = delete;
  results_writer& operator=(const results_writer&) = delete;
  ~results_writer();

  /// Makes the folder for the output of an attempt, which no other job of this run has; "" without
  /// --results. Files of the attempt before are kept under names with its number. Errors: failure.
  std::string folder_for(const map_job& job);
  /// Adds a line to the job log. Errors: failure.
  void log(const job_end& end);
  /// The object of --json, as one line.
  std::string json(const job_end& end, const slot_output& output) const;

 private:
  void open_log();
  std::string wanted_folder(const map_job& job) const;
  unsigned& count_jobs_of(const std::string& path);
  std::string make_own(const std::string& path);

  const map_settings& settings_;
  const command_template& template_;
  std::optional<std::vector<piece>> folder_;  // if it has replacement strings
  // How many jobs wanted a folder, by device and number, as different names may mean the same one.
  std::map<std::pair<std::uint64_t, std::uint64_t>, unsigned> wanted_;
  int log_ = -1;
};

/// `value` as one component of a path, whatever characters are in it.
std::string as_component(const std::string& value);

}  // namespace cli
