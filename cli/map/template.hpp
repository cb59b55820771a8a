// The command of a batch with its replacement strings: {} {.} {/} {//} {/.} {1} {name} {#} {%}.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "map/shell_places.hpp"

namespace cli {

/// The values that one job puts into a template.
struct job_facts {
  std::uint64_t seq = 0;  ///< {#}, from 1
  int slot = 0;           ///< {%}, from 1
  const std::vector<std::string>* args = nullptr;
};

struct template_options {
  std::string all = "{}";               ///< the replacement string for all arguments
  std::vector<std::string> names = {};  ///< of the columns
  std::size_t columns = 0;              ///< how many there are; 0: that varies
  bool single = false;                  ///< each job has one argument, always
  bool numbers = true;                  ///< {1}, {2}... are replacement strings
  bool append = true;  ///< without any replacement string the arguments come at the end
};

/// A replacement string, or text around one.
struct piece {
  enum class kind : unsigned char { text, all, column, seq, slot };
  enum class form : unsigned char { whole, no_extension, base, folder, base_no_extension };

  kind what = kind::text;
  form how = form::whole;
  std::size_t column = 0;  ///< from 0
  std::string text = {};
};

/// Cuts `text` into pieces. Other braces stay text, as in {print $1}; {{2} is the text {2}, unless
/// another brace closes the first one. Errors: failure, for {0} and for columns that there are not.
std::vector<piece> parse_pieces(std::string_view text, const template_options& o);
/// How often an argument can be in them; how much text is around them.
std::size_t copies_in(const std::vector<piece>& pieces);
std::size_t text_in(const std::vector<piece>& pieces);
/// Any but text.
bool has_replacement(const std::vector<piece>& pieces);
/// "a/b.tar.gz" as "a/b.tar", "b.tar.gz", "a", "b.tar".
std::string reshape(const std::string& value, piece::form how);
/// The values of a piece that is no text.
std::vector<std::string> values_of(const piece& p, const job_facts& job);

/// What each byte of the arguments takes of a command.
struct arg_size {
  std::size_t copies = 0;   ///< how often they are in it, at most
  std::size_t in_word = 0;  ///< how often within one word, joined by spaces; 0: never
  bool quoted = false;      ///< for a shell
  std::size_t bytes = 0;    ///< of what they are put into
};

/// A command as a list of words: replacements never become more than their word, but for {} alone,
/// which becomes a word per argument.
class word_template {
 public:
  /// Errors: failure.
  word_template(const std::vector<std::string>& words, const template_options& o);
  std::vector<std::string> expand(const job_facts& job) const;
  /// Every job runs the same program.
  bool fixed_program() const { return !words_.empty() && !has_replacement(words_[0]); }
  arg_size argument_budget() const;

 private:
  std::vector<std::vector<piece>> words_;
};

/// A command as text for /bin/sh, in which each replacement is quoted as its place demands.
class shell_template {
 public:
  /// Errors: failure, for places in which nothing can be quoted safely.
  shell_template(const std::vector<std::string>& words, const template_options& o);
  std::string expand(const job_facts& job) const;
  arg_size argument_budget() const;

 private:
  std::vector<piece> pieces_;
  std::vector<shell_place> places_;  // of each value among them
  bool raw_ = false;                 // the arguments are the text
};

}  // namespace cli
