// When and how often a command that ended badly is run again.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include <brood/duration.hpp>
#include <brood/status.hpp>

namespace brood {

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

}  // namespace brood
