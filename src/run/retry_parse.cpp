// Retry policies from text.
// SPDX-License-Identifier: Apache-2.0
#include <charconv>
#include <string>

#include <brood/option_table.hpp>

#include "base/decimal.hpp"
#include "base/make_error.hpp"
#include "base/retry.hpp"

namespace brood {

namespace {

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (!text.starts_with(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

bool read_count(std::string_view text, int& out) {
  const auto r = std::from_chars(text.data(), text.data() + text.size(), out);
  return r.ec == std::errc() && r.ptr == text.data() + text.size();
}

bool read_factor(std::string_view text, double& out) {
  const auto number = detail::take_number(text);
  if (number) out = *number;
  return number && text.empty();
}

bool read_span(std::string_view text, duration& out) {
  auto d = parse_duration(text);
  if (d) out = *d;
  return d.has_value();
}

bool read_part(std::string_view part, retry_policy& p) {
  if (take_prefix(part, "x")) return read_factor(part, p.factor);
  if (take_prefix(part, "max")) return read_span(part, p.max_delay);
  if (take_prefix(part, "total")) return read_span(part, p.total);
  if (take_prefix(part, "jitter")) return read_factor(part, p.jitter);
  return !p.delay.given() && read_span(part, p.delay);
}

}  // namespace

expected<retry_policy, error> parse_retry(std::string_view text) {
  retry_policy p;
  const auto bad = [&](std::string_view part) {
    return unexpected(detail::bad_request(
        "retry", "'" + std::string(part) +
                     "' is not part of a policy such as 5,1s,x2,max30s,jitter0.2,total5m"));
  };
  const std::string_view attempts = text.substr(0, text.find(','));
  if (!read_count(attempts, p.attempts)) return bad(attempts);
  for (std::size_t at = attempts.size(); at < text.size();) {
    const std::string_view rest = text.substr(at + 1);
    const std::string_view part = rest.substr(0, rest.find(','));
    if (!read_part(part, p)) return bad(part);
    at += 1 + part.size();
  }
  if (auto m = detail::find_mistake(p)) return unexpected(std::move(*m));
  return p;
}

}  // namespace brood
