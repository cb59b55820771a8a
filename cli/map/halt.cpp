// Reads `--halt`, and tells when its condition is met.
// SPDX-License-Identifier: Apache-2.0
#include "map/halt.hpp"

#include <algorithm>
#include <optional>
#include <span>
#include <string>
#include <utility>

#include "exit.hpp"
#include "map/numbers.hpp"
#include "unknown.hpp"

namespace cli {

namespace {

using moment = halt_policy::moment;
using kind = halt_policy::kind;

// What older versions of GNU parallel took, and it still does.
constexpr std::pair<std::string_view, std::string_view> numbers[] = {
    {"1", "soon,fail=1"}, {"2", "now,fail=1"}, {"-1", "soon,success=1"}, {"-2", "now,success=1"}};

[[noreturn]] void refuse(std::string_view text, const std::string& hint = {}) {
  throw failure{"--halt: '" + std::string(text) +
                "' is not never or WHEN,WHAT=N, such as now,fail=1 or soon,done=50%" + hint};
}

/// The place of `word` among `words`. Errors: failure that names the nearest.
std::size_t place(std::string_view word, std::span<const std::string_view> words,
                  std::string_view text) {
  const auto found = std::find(words.begin(), words.end(), word);
  if (found == words.end()) refuse(text, did_you_mean(word, words));
  return static_cast<std::size_t>(found - words.begin());
}

}  // namespace

bool halt_policy::reached(const tally& t) const {
  if (when == moment::never) return false;
  const std::uint64_t count = what == kind::fail      ? t.failed
                              : what == kind::success ? t.done - t.failed
                                                      : t.done;
  if (!percent) return static_cast<double>(count) >= number;
  return t.done >= 3 && static_cast<double>(count) * 100 >= number * static_cast<double>(t.done);
}

halt_policy parse_halt(std::string_view text) {
  if (text == "never" || text == "0") return {};
  for (const auto& [number, meaning] : numbers) {
    if (text == number) return parse_halt(meaning);
  }
  if (text.ends_with('%') && text.find(',') == text.npos) {
    return parse_halt("soon,fail=" + std::string(text));
  }
  constexpr std::string_view moments[] = {"now", "soon"};
  constexpr std::string_view kinds[] = {"fail", "success", "done"};
  const std::size_t comma = text.find(',');
  const std::size_t equals = text.find('=');
  if (comma == text.npos || equals == text.npos || comma > equals) refuse(text);
  halt_policy p;
  const std::string_view when = text.substr(0, comma);
  const std::string_view what = text.substr(comma + 1, equals - comma - 1);
  std::string_view number = text.substr(equals + 1);
  p.when = place(when, moments, text) == 0 ? moment::now : moment::soon;
  p.what = static_cast<kind>(place(what, kinds, text));  // in the order of their declaration
  p.percent = number.ends_with('%');
  if (p.percent) number.remove_suffix(1);
  const std::optional<double> n = to_number<double>(number);
  const bool whole = n && static_cast<double>(static_cast<std::uint64_t>(*n)) == *n;
  if (!n || !(*n > 0) || *n > 1e15 || (p.percent ? *n > 100 : !whole)) refuse(text);
  p.number = *n;
  return p;
}

}  // namespace cli
