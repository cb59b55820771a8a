// The one table of options: name, type, help and how to read each from text.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>

#include <brood/duration.hpp>
#include <brood/error.hpp>
#include <brood/expected.hpp>
#include <brood/options.hpp>

namespace brood {

/// One member of `options` that can be said in text: a flag of the tool, a key of a file, a keyword
/// in Python.
struct option_entry {
  std::string_view name;   ///< path of the member: "timeout", "limits.cpu_time"
  std::string_view flags;  ///< of the tool, comma-separated: "-C,--chdir"
  std::string_view
      value;  ///< of what follows the flag: "DURATION", "text|json"; empty for a switch
  std::string_view alone;  ///< the text that a switch stands for, "true" or "false"; else empty
  std::string_view help;   ///< one sentence
  bool repeats;            ///< may be given more than once
  /// Read `text` into `o`; a switch's is "true" or "false". Errors: usage_error naming the option
  /// and the text.
  expected<void, error> (*set)(options& o, std::string_view text);
};

std::span<const option_entry> option_table() noexcept;
/// By member name; null if there is none.
const option_entry* find_option(std::string_view name) noexcept;

/// "1.5", "10s", "250ms", "2m", "1h30m", "1d": a bare number is seconds, and behind a unit one of
/// the next smaller unit ("1h30"). Units may be spelled out, and have blanks before them ("5 min").
expected<duration, error> parse_duration(std::string_view text);
/// "4096", "64K", "512m", "1.5G", "1T" (powers of 1024; "KiB", "KB" and "kb" alike). Parts of a
/// byte are dropped.
expected<std::uint64_t, error> parse_size(std::string_view text);
/// "5,1s,x2,max30s,jitter0.2,total5m": attempts, then in any order the first delay, its factor, and
/// the rest by name.
expected<retry_policy, error> parse_retry(std::string_view text);
/// "TERM,5s,INT,2s,KILL".
expected<std::vector<stop_step>, error> parse_stop(std::string_view text);
/// "TERM", "sigterm", "15". The error names the signal that was probably meant.
expected<int, error> parse_signal(std::string_view text);

/// Of `names`, the one that was probably meant by `word`, as typing errors go; empty if none is
/// near.
std::string_view nearest_name(std::string_view word, std::span<const std::string_view> names);

}  // namespace brood
