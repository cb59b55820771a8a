// From arguments to jobs: how many go into each.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include "map/input.hpp"
#include "map/job.hpp"

namespace cli {

/// How many arguments a job may have.
struct packing {
  std::size_t max_args = 1;   ///< records of the input
  std::size_t max_bytes = 0;  ///< of them, as execve(2) counts; 0: no limit
};

/// What execve(2) leaves for arguments beside this environment and `template_bytes`.
std::size_t room_for_arguments(std::size_t template_bytes);

std::unique_ptr<job_source> argument_jobs(input from, packing how);

/// Reads all of `from` before it gives the first job, so that it knows how many there are.
std::unique_ptr<job_source> counted_jobs(std::unique_ptr<job_source> from);

}  // namespace cli
