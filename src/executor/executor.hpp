// Where a command runs: here, played from a script, elsewhere.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include <brood/error.hpp>
#include <brood/expected.hpp>

#include "process/execution.hpp"
#include "scope/spawn_resources.hpp"

namespace brood::detail {

/// Two implementations: local_executor() and testing::fake.
class executor {
 public:
  /// Start what `spec` says. Any thread, at any time.
  /// \param resources  of a thread that starts many: the execution may be starting() when this
  ///                   returns; null: whether it has started is waited for, within its time limit.
  /// Errors: usage_error, spawn_error; nothing is left behind then.
  virtual expected<std::unique_ptr<execution>, error> start(
      execution_spec spec, spawn_resources* resources = nullptr) = 0;

 protected:
  ~executor() = default;
};

/// Children of this process, or of guardians.
executor& local_executor() noexcept;

/// local_executor(), unless a fake stands in for it.
executor& executor_in_force() noexcept;
/// Put `e` in force, null: local_executor(); returns the one before, once nobody is within it. What
/// `e` starts itself, it starts by local_executor().
executor* replace_executor(executor* e);

}  // namespace brood::detail
