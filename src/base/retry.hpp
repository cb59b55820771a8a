// The schedule of a command's attempts.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include <brood/environment.hpp>
#include <brood/error.hpp>
#include <brood/expected.hpp>
#include <brood/result.hpp>
#include <brood/retry.hpp>

namespace brood::detail {

std::optional<error> find_mistake(const retry_policy& p);

/// Whether this end is one to try again.
bool worth_another(const retry_policy& p, const completed_process& ended);
bool worth_another(const retry_policy& p, const error& not_run);

/// BROOD_ATTEMPT in the command's environment.
void number_attempt(environment& env, int attempt);

/// How one of several attempts is remembered: by its result, or, not started, by its arguments.
completed_process as_attempt(expected<completed_process, error> ended,
                             const std::vector<std::string>& args);
/// The last result, or the result that the last error carries, with the attempts before it.
expected<completed_process, error> with_attempts(expected<completed_process, error> last,
                                                 std::vector<completed_process> before);

/// Pure: it is told the time, and where its chance begins.
class retry_schedule {
 public:
  /// `now` in monotonic ns. The policy is borrowed.
  retry_schedule(const retry_policy& p, std::int64_t now, std::uint64_t seed) noexcept;
  /// The number of the attempt that runs or waits, from 1.
  int attempt() const noexcept { return attempt_; }
  /// The attempt has ended and is worth another: the moment of that, or nothing if it was the last.
  std::optional<std::int64_t> next(std::int64_t now) noexcept;

 private:
  double chance() noexcept;  // -1 to 1
  const retry_policy& policy_;
  std::int64_t first_;
  std::uint64_t random_;
  double delay_;  // ns, without jitter
  int attempt_ = 1;
};

}  // namespace brood::detail
