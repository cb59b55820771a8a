// `--pipe`: cuts a stream or a file into blocks of whole records, one for each job's stdin.
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
  bool hashed = false;            ///< blocks get a digest
};

/// Finds where a block ends, in text that grows: no part of it is searched twice.
class block_finder {
 public:
  /// `f` is borrowed.
  explicit block_finder(const block_format& f) : format_(f), border_(f.end + f.start) {}

  /// How many bytes at the start of `text` are a block of whole records; 0: more text is needed to
  /// tell. `text` begins as it did in the last call. `ended`: no more text will come.
  std::size_t find(std::string_view text, bool ended);
  /// The text begins after that block from now on.
  void next();

 private:
  std::size_t next_border(std::string_view text);
  std::size_t find_records(std::string_view text);
  std::size_t find_bytes(std::string_view text);

  const block_format& format_;
  std::string border_;        // what stands where one record ends and the next one begins
  std::size_t from_ = 0;      // borders before that have been found, or do not count
  std::uint64_t found_ = 0;   // records
  bool looked_back_ = false;  // no border is within the size of a block
};

/// The same for a text that does not grow.
std::size_t find_block(std::string_view text, const block_format& f, bool ended);

/// A file is cut by position: its bytes do not come into memory.
/// \param path  "-": stdin. Errors: failure.
std::unique_ptr<job_source> block_jobs(const std::string& path, block_format f);

}  // namespace cli
