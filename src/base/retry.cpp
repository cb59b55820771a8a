// Retry: checking a policy, and following it.
// SPDX-License-Identifier: Apache-2.0
#include "base/retry.hpp"

#include <algorithm>
#include <string>

#include "base/make_error.hpp"

namespace brood::detail {

namespace {

std::optional<error> in_span(duration d, const char* name, bool zero_allowed) {
  if (!d.given()) return {};
  if (d.not_a_number()) return bad_request(name, "not a number");
  if (d.nanoseconds() < 0) return bad_request(name, "must not be negative");
  if (d.nanoseconds() == 0 && !zero_allowed) return bad_request(name, "must be more than 0");
  return {};
}

}  // namespace

std::optional<error> find_mistake(const retry_policy& p) {
  if (p.attempts < 1) return bad_request("retry.attempts", "must be at least 1");
  if (!(p.factor >= 1)) return bad_request("retry.factor", "must be at least 1");
  if (!(p.jitter >= 0 && p.jitter <= 1)) return bad_request("retry.jitter", "must be 0 to 1");
  if (auto m = in_span(p.delay, "retry.delay", true)) return m;
  if (auto m = in_span(p.max_delay, "retry.max_delay", true)) return m;
  if (auto m = in_span(p.total, "retry.total", false)) return m;
  for (const int code : p.on_codes) {
    if (code < 0 || code > 255) return bad_request("retry.on_codes", "exit codes are 0 to 255");
  }
  for (const int signal : p.on_signals) {
    if (signal < 1 || signal > 64) {
      return bad_request("retry.on_signals", std::to_string(signal) + " is not a signal");
    }
  }
  return {};
}

void number_attempt(environment& env, int attempt) {
  env.set("BROOD_ATTEMPT", std::to_string(attempt));
}

completed_process as_attempt(expected<completed_process, error> ended,
                             const std::vector<std::string>& args) {
  if (ended) return std::move(*ended);
  if (const completed_process* r = ended.error().result()) return *r;
  completed_process never;
  never.args = args;
  return never;
}

void add_attempts(expected<completed_process, error>& last, std::vector<completed_process> before) {
  if (last) {
    last->attempts = std::move(before);
    return;
  }
  const completed_process* carried = last.error().result();
  completed_process r = carried ? *carried : as_attempt(last, before.front().args);
  r.attempts = std::move(before);
  last = unexpected(last.error().with(std::move(r)));
}

}  // namespace brood::detail

namespace brood {

namespace {

template <class T>
bool has(const std::vector<T>& list, const T& what) {
  return std::find(list.begin(), list.end(), what) != list.end();
}

}  // namespace

bool should_retry(const retry_policy& p, const completed_process& ended) {
  if (ended.reason == reason::cancelled) return false;
  if (p.on_reasons.empty() && p.on_codes.empty() && p.on_signals.empty()) return !ended.accepted;
  const std::optional<int> code = ended.status.code();
  const std::optional<int> signal = ended.status.signal();
  const bool by_itself = ended.reason == reason::exited || ended.reason == reason::signaled;
  return has(p.on_reasons, ended.reason) || (by_itself && code && has(p.on_codes, *code)) ||
         (by_itself && signal && has(p.on_signals, *signal));
}

bool should_retry(const retry_policy& p, const error& not_run) {
  const bool any = p.on_reasons.empty() && p.on_codes.empty() && p.on_signals.empty();
  if (const completed_process* r = not_run.result()) return should_retry(p, *r);
  return not_run.kind() == error_kind::busy && (any || has(p.on_reasons, reason::not_started));
}

retry_schedule::retry_schedule(const retry_policy& p, std::int64_t now, std::uint64_t seed) noexcept
    : policy_(p), first_(now), random_(seed), delay_(static_cast<double>(p.delay.nanoseconds())) {}

// splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
double retry_schedule::chance() noexcept {
  std::uint64_t z = (random_ += 0x9E3779B97F4A7C15U);
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9U;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBU;
  z ^= z >> 31;
  return static_cast<double>(z >> 11) * 0x1p-52 - 1;
}

std::optional<std::int64_t> retry_schedule::next(std::int64_t now) noexcept {
  if (attempt_ >= policy_.attempts) return {};
  constexpr double most = 9.2e18;  // ns; what is beyond never comes
  double wait = std::min(delay_, most);
  if (policy_.max_delay.given()) {
    wait = std::min(wait, static_cast<double>(policy_.max_delay.nanoseconds()));
  }
  wait = std::clamp(wait * (1 + policy_.jitter * chance()), 0.0, most);
  delay_ = std::min(delay_ * policy_.factor, most);
  const auto span = static_cast<std::int64_t>(wait);
  const std::int64_t at = span > INT64_MAX - now ? INT64_MAX : now + span;
  if (policy_.total.given() && at - first_ > policy_.total.nanoseconds()) return {};
  ++attempt_;
  return at;
}

std::optional<std::int64_t> retry_schedule::after(const expected<completed_process, error>& ended,
                                                  std::int64_t now) {
  const bool worth = ended ? should_retry(policy_, *ended) : should_retry(policy_, ended.error());
  return worth ? next(now) : std::nullopt;
}

}  // namespace brood
