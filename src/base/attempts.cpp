// Whether there is another attempt, and what is said of those before.
// SPDX-License-Identifier: Apache-2.0
#include "base/attempts.hpp"

#include <utility>

#include "base/retry.hpp"

namespace brood::detail {

std::optional<deadline> attempts::ended(outcome& how, const std::vector<std::string>& args,
                                        std::int64_t now) {
  if (stopped_) return {};
  const std::optional<std::int64_t> at = schedule_.after(how, now);
  if (!at) return {};
  before_.push_back(as_attempt(std::move(how), args));
  return deadline::at(*at);
}

void attempts::finish(outcome& last) {
  if (!before_.empty()) add_attempts(last, std::exchange(before_, {}));
}

}  // namespace brood::detail
