// Where arguments come from: words after `:::`, lines of a file or of stdin, CSV.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cli {

/// The columns of one line, or one value.
using fields = std::vector<std::string>;

/// The answer to asking for the next one.
enum class got : unsigned char {
  one,
  wait,  ///< not here yet: see waits_for()
  end,
};

/// A source that is always ready says got::wait after so many reads of 64 KiB or more, so that a
/// caller that collects all of it can look for signals in between. 1 MiB is read in milliseconds.
inline constexpr int most_reads_at_once = 16;

class source {
 public:
  source() = default;
  source(const source&) = delete;
  source& operator=(const source&) = delete;
  virtual ~source() = default;

  /// Never waits. Errors: failure.
  virtual got next(fields& to) = 0;
  /// The descriptor that becomes readable when there is more.
  virtual int waits_for() const { return -1; }
  /// How many records are left, if that is known.
  virtual std::optional<std::uint64_t> left() const { return {}; }
};

/// What separates records and columns.
struct record_format {
  char delimiter = '\n';
  std::string separator = {};  ///< between columns; empty: a line is one value
  bool blanks = false;         ///< columns are separated by runs of blanks
  bool csv = false;  ///< see csv.hpp; columns separated by the first of `separator` or ","
  bool may_have_mark = false;  ///< a byte order mark at the start is no part of it
};

/// Reads `\t`, `\n`, `\0`, `\\`; `\s+` means runs of blanks. Errors: failure.
void set_separator(record_format& f, std::string_view text);
/// One character, or an escape as above. Errors: failure.
char parse_delimiter(std::string_view text);

std::unique_ptr<source> words_source(std::vector<std::string> words, const record_format& f);
/// "-" is stdin. Errors: failure.
std::unique_ptr<source> file_source(const std::string& path, const record_format& f);

}  // namespace cli
