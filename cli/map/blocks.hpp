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
  std::uint64_t bytes = 1 << 20;  ///< the size of a block, roughly
  std::uint64_t records = 0;      ///< how many make a block; 0: `bytes` decides
  std::string end = "\n";         ///< what ends a record; may be empty if `start` is not
  std::string start = {};         ///< what begins one
};

/// How many bytes at the start of `text` are a block of whole records; 0: more text is needed to
/// tell. `ended`: no more text will come.
std::size_t find_block(std::string_view text, const block_format& f, bool ended);

/// \param path  "-": stdin. Errors: failure.
std::unique_ptr<job_source> block_jobs(const std::string& path, block_format f);

}  // namespace cli
