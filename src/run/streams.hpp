// Opening what the options say about stdin, stdout and stderr.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include <brood/error.hpp>
#include <brood/expected.hpp>
#include <brood/options.hpp>

#include "process/impl.hpp"
#include "spawn/spawn_spec.hpp"

namespace brood::detail {

/// The child's ends, to be closed once it has started.
struct child_ends {
  std::vector<sys::fd> open;
};

/// Adds the moves to `r`, and our ends to `impl`.
expected<child_ends, error> open_streams(const options& o, spawn_spec& r, process::impl& impl);

}  // namespace brood::detail
