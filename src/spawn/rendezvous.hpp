// Doing something to a child before its first step: writing the id maps of its user namespace.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "spawn/spawn_spec.hpp"
#include "sys/fd.hpp"

namespace brood::detail {

/// Made before the plan, whose spawn_spec gets ends(). The child is started with launch_pending():
/// it waits before its first step. Then go(), or the end of this object (or of our process): the
/// child ends, and its start has failed with ECANCELED.
class rendezvous {
 public:
  /// 0 or the negative errno.
  int make() noexcept { return sys::make_pipe(theirs_, ours_); }
  rendezvous_ends ends() const noexcept { return {theirs_.get(), ours_.get()}; }
  /// 0 or the negative errno; -EPIPE: the child is gone.
  int go() noexcept {
    theirs_.reset();
    const ssize_t n = sys::write_quietly(ours_.get(), "", 1);
    ours_.reset();
    return n < 0 ? static_cast<int>(n) : 0;
  }

 private:
  sys::fd theirs_;
  sys::fd ours_;
};

}  // namespace brood::detail
