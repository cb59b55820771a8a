// From arguments to jobs: how many go into each.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include <brood/options.hpp>

#include "map/input.hpp"
#include "map/job.hpp"
#include "map/template.hpp"

namespace cli {

/// How many arguments a job may have.
struct packing {
  std::size_t max_args = 1;   ///< records of the input
  std::size_t max_bytes = 0;  ///< their size as execve(2) counts it; 0: no limit
  std::size_t max_word = 0;   ///< their length joined by spaces; 0: no limit
  bool quoted = false;        ///< they are going to be quoted for a shell
  bool skip_empty = false;    ///< records without any text do not count
};

/// Up to `max_args`, as many as execve(2) allows with the environment and the limits of a job.
packing pack_for(const arg_size& command, std::size_t max_args, const brood::options& job);

std::unique_ptr<job_source> argument_jobs(input from, packing how);

/// Reads all of `from` before it gives the first job, so that the number of jobs is known.
std::unique_ptr<job_source> counted_jobs(std::unique_ptr<job_source> from);

}  // namespace cli
