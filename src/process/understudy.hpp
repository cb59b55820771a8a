// The one place where something else may take a command's part: how tests do without the real ones.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <memory>

#include <brood/command.hpp>
#include <brood/options.hpp>

#include "process/child.hpp"
#include "process/impl.hpp"
#include "spawn/spawn_spec.hpp"

namespace brood::detail {

/// A command that is about to be started: all that is known of it, with its streams open.
struct cue {
  const command& cmd;
  const options& opts;
  const spawn_spec& spec;
  process::impl& of;
};

/// Takes parts. Called by whatever thread starts a command, one at a time.
class understudy {
 public:
  /// What goes on the stage instead of the command; null: the command itself.
  virtual expected<std::unique_ptr<child>, error> play(const cue& c) = 0;

 protected:
  ~understudy() = default;
};

/// Null but in tests: the only cost that others have of this.
extern std::atomic<understudy*> on_call;

/// Ask the one on call, if this thread is not within it already.
expected<std::unique_ptr<child>, error> ask_understudy(const cue& c);
/// Put `u` on call; the one who was before. Returns once nobody is within that one.
understudy* call_in(understudy* u);

}  // namespace brood::detail
