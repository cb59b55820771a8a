// The states of CPython's Modules/_csv.c, for its default dialect.
// SPDX-License-Identifier: Apache-2.0
#include "map/csv.hpp"

#include <utility>

#include "exit.hpp"

namespace cli {

bool csv_reader::read(std::string_view& text) {
  while (!text.empty()) {
    const char c = text[0];
    const bool second_half = std::exchange(after_return_, c == '\r') && c == '\n';
    text.remove_prefix(1);
    if ((c == '\n' && !second_half) || c == '\r') ++line_;
    if (second_half && state_ != state::quoted) continue;
    if (take_character(c)) return true;
  }
  return false;
}

/// True if that was the end of a record.
bool csv_reader::take_character(char c) {
  const bool ends_line = c == '\n' || c == '\r';
  switch (state_) {
    case state::record:
      if (ends_line) return false;
      [[fallthrough]];
    case state::column:
      if (c == '"') {
        quoted_since_ = line_;
        state_ = state::quoted;
        return false;
      }
      state_ = state::plain;
      break;
    case state::quoted:
      if (c == '"') {
        state_ = state::quote;
      } else {
        column_ += c;
      }
      return false;
    case state::quote:
      if (c == '"') {
        column_ += c;
        state_ = state::quoted;
        return false;
      }
      state_ = state::plain;
      break;
    case state::plain:
      break;
  }
  if (c == separator_) {
    end_column();
    state_ = state::column;
  } else if (ends_line) {
    end_column();
    state_ = state::record;
    return true;
  } else {
    column_ += c;
  }
  return false;
}

void csv_reader::end_column() { record_.push_back(std::exchange(column_, {})); }

bool csv_reader::finish() {
  if (state_ == state::record) return false;
  end_column();
  state_ = state::record;
  return true;
}

fields csv_reader::take() { return std::exchange(record_, {}); }

fields read_csv_word(std::string_view word, char separator) {
  if (word.empty()) return {""};
  csv_reader reader(separator);
  std::string_view rest = word;
  const bool complete = reader.read(rest) || (!reader.in_quotes() && reader.finish());
  if (!complete && reader.in_quotes()) {
    throw failure{"a quote is not closed: " + std::string(word)};
  }
  if (!rest.empty() && rest != "\n") {
    throw failure{"a line ends amid the argument: " + std::string(word)};
  }
  fields columns = reader.take();
  if (columns.empty()) columns.emplace_back();
  return columns;
}

}  // namespace cli
