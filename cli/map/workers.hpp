// `--pool`: persistent workers that answer a line for each argument.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "map/job.hpp"
#include "map/settings.hpp"

namespace cli {

/// \return the exit status. Errors: failure.
int run_workers(const std::vector<std::string>& command, const map_settings& s, job_source& jobs);

}  // namespace cli
