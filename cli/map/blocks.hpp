// `--pipe`: cuts a stream into blocks of whole records, one for each job's stdin.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "map/job.hpp"

namespace cli {

struct block_format {
  std::uint64_t bytes = 1 << 20;  ///< of a block, about
  std::uint64_t records = 0;      ///< of a block instead; 0: by bytes
  std::string end = "\n";         ///< what ends a record; may be empty if `start` is not
  std::string start = {};         ///< what begins one
};

/// How much of `text` is a block of whole records; 0: more is needed to say it. `ended`: there is
/// no more.
std::size_t find_block(std::string_view text, const block_format& f, bool ended);

/// \param path  "-": stdin. Errors: failure.
std::unique_ptr<job_source> block_jobs(const std::string& path, block_format f);

}  // namespace cli
