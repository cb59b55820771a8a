// CSV as Python's csv module reads it: the one parser, for files, stdin and words.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "map/source.hpp"

namespace cli {

/// Takes text in pieces of any size. A quote begins a quoted column only at its start; within one,
/// "" is a quote; what follows the closing quote is part of the column. A record ends with \n, \r
/// or \r\n outside of quotes, or with the text. A line without anything is no record.
class csv_reader {
 public:
  explicit csv_reader(char separator) : separator_(separator) {}

  /// Takes from the front of `text` until a record is complete. False: it has taken all of `text`,
  /// and the record is not complete.
  bool read(std::string_view& text);
  /// Ends the text. False: no record was begun.
  bool finish();
  /// The record that is complete. The next one begins after that.
  fields take();

  /// Within quotes, which began in line `quoted_since()`.
  bool in_quotes() const { return state_ == state::quoted; }
  std::size_t quoted_since() const { return quoted_since_; }
  /// The number of the line that is being read.
  std::size_t line() const { return line_; }

 private:
  enum class state : unsigned char { record, column, plain, quoted, quote };
  bool take_character(char c);
  void end_column();

  char separator_;
  state state_ = state::record;
  bool after_return_ = false;  // a \n belongs to the \r before it
  std::size_t line_ = 1;
  std::size_t quoted_since_ = 0;
  std::string column_;
  fields record_;
};

/// Its columns; an empty word has one. Errors: failure, if it has more than one record.
fields read_csv_word(std::string_view word, char separator);

}  // namespace cli
