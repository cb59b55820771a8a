// Failures, grouped by what caused them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "report/formats.hpp"

namespace cli {

struct failure_cause {
  journal::attempt_state state{};
  std::string text;  ///< how the jobs ended, and their last line on stderr
  std::uint64_t count = 0;
  std::vector<journal::attempt> examples{};  ///< the first few
};

/// The most common one first; after all failures, jobs that were not finished and those that were
/// stopped. Two failures have the same cause if they ended the same way and their
/// last lines on stderr differ only in numbers and in the words of their commands.
std::vector<failure_cause> find_causes(const report_source& from);

/// The last line without what differs from job to job. Pure.
std::string generalised(std::string line, const std::vector<std::string>& argv);

}  // namespace cli
