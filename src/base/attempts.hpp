// The attempts of one command, as a retry policy has them: the one place where retrying is decided.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <brood/error.hpp>
#include <brood/expected.hpp>
#include <brood/result.hpp>
#include <brood/retry.hpp>

#include "base/deadline.hpp"

namespace brood::detail {

/// Pure: it is told the time. Immovable, as its schedule borrows its policy.
class attempts {
 public:
  using outcome = expected<completed_process, error>;

  attempts(const retry_policy& policy, std::int64_t now, std::uint64_t seed)
      : policy_(policy), schedule_(policy_, now, seed) {}
  attempts(const attempts&) = delete;
  attempts& operator=(const attempts&) = delete;

  /// The number of the attempt that runs or is next, from 1; 0 if there will be only one.
  int number() const noexcept { return policy_.attempts > 1 ? schedule_.attempt() : 0; }
  bool last() const noexcept { return schedule_.attempt() >= policy_.attempts; }
  /// Somebody wants no other attempt.
  void stop() noexcept { stopped_ = true; }

  /// An attempt has ended. \return when the next one is due; nullopt: `how` is the end, and with
  /// finish(how) the outcome of all.
  std::optional<deadline> ended(outcome& how, const std::vector<std::string>& args,
                                std::int64_t now);
  /// Add the attempts before it to the last one.
  void finish(outcome& last);

 private:
  retry_policy policy_;
  retry_schedule schedule_;
  std::vector<completed_process> before_;
  bool stopped_ = false;
};

}  // namespace brood::detail
