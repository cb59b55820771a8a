// `--pipe` from a regular file: blocks are positions in it, found without keeping its bytes.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string>

#include "map/blocks.hpp"

namespace cli {

/// A regular file that has its bytes at their positions, unlike those of /proc.
bool can_be_cut(int fd);

/// From the current position of `fd` on, which is moved on as blocks are given: what reads there
/// afterwards finds what is left.
/// \param owned  whether to close `fd` in the end.
std::unique_ptr<job_source> file_block_jobs(int fd, bool owned, std::string name, block_format f);

}  // namespace cli
