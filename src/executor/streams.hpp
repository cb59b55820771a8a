// Opening what the options say about stdin, stdout and stderr.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include <brood/error.hpp>
#include <brood/expected.hpp>
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

expected<opened_streams, error> open_streams(const options& o);

}  // namespace brood::detail
