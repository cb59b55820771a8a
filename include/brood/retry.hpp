// When and how often a command that ended badly is run again.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include <brood/duration.hpp>
#include <brood/expected.hpp>
#include <brood/status.hpp>

namespace brood {

class error;
struct completed_process;

/// A policy, without state. Each attempt has its own options::timeout; the attempt's number, from
/// 1, is in its environment as BROOD_ATTEMPT.
///
/// By default any bad end is tried again, and a start that the system refused for a shortage
/// (error_kind::busy); a program that does not exist is not. With on_reasons, on_codes or
/// on_signals only the ends that are named there. What the caller cancelled is never tried again.
struct retry_policy {
  int attempts = 1;         ///< in all, at least 1
  duration delay = {};      ///< before the second attempt; not given: none
  double factor = 1;        ///< each delay is that many times the one before; at least 1
  duration max_delay = {};  ///< of a single delay
  /// Share of the delay by which chance shortens or lengthens it, 0 to 1. Clients that failed
  /// together then do not come back together.
  double jitter = 0;
  duration total = {};  ///< no attempt starts later than this after the first; more than 0
  std::vector<reason> on_reasons = {};
  std::vector<int> on_codes = {};
  std::vector<int> on_signals = {};
};

/// Whether this end is one to try again.
bool should_retry(const retry_policy& p, const completed_process& ended);
/// The same for an error of run(), which may carry a result.
bool should_retry(const retry_policy& p, const error& e);

/// Follows a policy. Pure: it is told the time, by whatever clock, and the seed of its chance.
/// run(), pool and the tool use it; callers with a retry loop of their own may use it too.
class retry_schedule {
 public:
  /// `now` in ns of a clock that never goes back. The policy is borrowed.
  retry_schedule(const retry_policy& p, std::int64_t now, std::uint64_t seed) noexcept;
  /// The number of the attempt that runs or waits, from 1.
  int attempt() const noexcept { return attempt_; }
  /// The attempt has ended and is worth another: the moment of that, or nothing if it was the last.
  std::optional<std::int64_t> next(std::int64_t now) noexcept;
  /// The attempt has ended like this: the moment of the next, or nothing if there is to be none.
  std::optional<std::int64_t> after(const expected<completed_process, error>& ended,
                                    std::int64_t now);

 private:
  double chance() noexcept;  // -1 to 1
  const retry_policy& policy_;
  std::int64_t first_;
  std::uint64_t random_;
  double delay_;  // ns, without jitter
  int attempt_ = 1;
};

}  // namespace brood
