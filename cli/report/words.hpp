// Pieces of text that the reports share: times, sizes, commands, escaping for each kind of file.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "bytes.hpp"
#include "journal/reader.hpp"

namespace cli {

double to_seconds(std::chrono::nanoseconds t);
/// With `digits` digits after the point, in every locale.
std::string fixed(double value, int digits);

/// Adds to a sum, which has an end: what a journal says may be anything.
inline void add_to(std::chrono::nanoseconds& sum, std::chrono::nanoseconds more) {
  constexpr auto most = std::chrono::nanoseconds::max();
  sum = sum > most - more ? most : sum + more;
}

std::string span_text(std::chrono::nanoseconds t);  ///< "250 ms", "1.250 s", "2 min 05 s"
std::string size_text(std::uint64_t bytes);         ///< "3.0 MiB"
std::string local_time(journal::moment t);          ///< "2026-11-21 12:00:00"
std::string utc_time(journal::moment t);            ///< "2026-11-21T12:00:00.000Z"

/// One line that a shell reads as these words; what is not printable is written as $'\xFF'.
std::string command_line(const std::vector<std::string>& argv);

std::string xml_escaped(std::string_view text);    ///< also for attributes; the result is UTF-8
std::string label_escaped(std::string_view text);  ///< for a label of OpenMetrics

/// The end of an output, at most `limit` bytes and from the start of a line; "" if there is none.
std::string tail_of(const journal::reader& journal, const journal::kept_output& kept,
                    std::size_t limit);

/// How long a run has taken so far, or in all.
std::chrono::nanoseconds wall_of(const journal::run_record& run);
std::string_view to_text(journal::run_state state);
/// The signal that ended the tool, as its exit status tells, or 0.
int stopped_by(const journal::run_record& run);

}  // namespace cli
