// What a client of a jobserver holds open.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <memory>
#include <vector>

#include <brood/jobserver.hpp>

#include "sys/fd.hpp"

namespace brood {

struct jobserver_client::impl {
  detail::sys::fd tokens;      // both ways, non-blocking: an open file description of our own
  std::vector<int> inherited;  // the descriptors that children need to share it
  pid_t owner = -1;            // a fork has none of our slots
};

struct jobserver_access {
  static const jobserver_client::impl& of(const jobserver_client& c) { return *c.impl_; }
};

}  // namespace brood
