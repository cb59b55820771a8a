// Opening what the options say about stdin, stdout and stderr.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <vector>

#include <brood/error.hpp>
#include <brood/options.hpp>

#include "process/execution.hpp"
#include "spawn/spawn_spec.hpp"
#include "sys/fd.hpp"

namespace brood::detail {

/// What the child does about its streams.
struct child_streams {
  std::vector<fd_move> moves;
  std::vector<open_request> opens;
  std::vector<fd_move> copies;
  std::vector<sys::fd> open;  ///< its ends, to be closed once it has started
};

struct opened_streams {
  child_streams theirs;
  stream_ends ours;
};

/// Fills `streams`, which is empty before. Errors: spawn_error.
std::optional<error> open_streams(const options& o, opened_streams& streams);

}  // namespace brood::detail
