// `--shell`: follows the quotes of the text, so that each replacement is quoted for its place.
// SPDX-License-Identifier: Apache-2.0
#include <cctype>
#include <string_view>

#include <brood/shlex.hpp>

#include "exit.hpp"
#include "map/template.hpp"

namespace cli {

namespace {

/// Reads shell text and knows whether its end is within quotes, an escape or a comment. Constructs
/// that it cannot follow (substitutions in double quotes, backquotes, here-documents, $'...') make
/// it give up for the rest of the text.
class quote_scanner {
 public:
  enum class state : unsigned char { plain, single, twofold, comment, lost };

  void read(std::string_view text) {
    for (const char c : text) read(c);
  }
  /// Takes a replacement, which is part of a word.
  void read_value() {
    escaped_ = false;
    last_ = 'x';
  }
  state now() const { return escaped_ ? state::lost : state_; }

 private:
  void read(char c) {
    const char before = last_;
    last_ = c;
    if (escaped_) {
      escaped_ = false;
      last_ = 'x';
      return;
    }
    switch (state_) {
      case state::plain:
        return in_plain(c, before);
      case state::single:
        if (c == '\'') state_ = state::plain;
        return;
      case state::twofold:
        escaped_ = c == '\\';
        if (c == '"') state_ = state::plain;
        if (c == '`' || (before == '$' && (c == '(' || c == '{'))) state_ = state::lost;
        return;
      case state::comment:
        if (c == '\n') state_ = state::plain;
        return;
      case state::lost:
        return;
    }
  }

  void in_plain(char c, char before) {
    escaped_ = c == '\\';
    const bool begins_word = before == 0 || std::isspace(static_cast<unsigned char>(before)) ||
                             std::string_view(";&|()").find(before) != std::string_view::npos;
    if (c == '\'') state_ = before == '$' ? state::lost : state::single;
    if (c == '"') state_ = state::twofold;
    if (c == '#' && begins_word) state_ = state::comment;
    if (c == '`' || (c == '<' && before == '<') || (c == '{' && before == '$')) {
      state_ = state::lost;
    }
  }

  state state_ = state::plain;
  bool escaped_ = false;
  char last_ = 0;
};

std::string joined(const std::vector<std::string>& values, bool quoted) {
  std::string all;
  for (const std::string& v : values) {
    if (&v != values.data()) all += ' ';
    all += quoted ? brood::shlex::quote(v) : v;
  }
  return all;
}

}  // namespace

shell_template::shell_template(const std::vector<std::string>& words, const template_options& o)
    : raw_(words.empty()) {
  std::string text;
  for (const std::string& w : words) {
    if (&w != words.data()) text += ' ';
    text += w;
  }
  pieces_ = parse_pieces(text, o);
  if (!has_replacement(pieces_) && o.append && !raw_) {
    pieces_.push_back({.text = " "});
    pieces_.push_back({.what = piece::kind::all});
  }
  quote_scanner scanner;
  for (const piece& p : pieces_) {
    using state = quote_scanner::state;
    const state s = scanner.now();
    places_.push_back(s == state::single    ? place::single_quotes
                      : s == state::twofold ? place::double_quotes
                                            : place::plain);
    if (p.what == piece::kind::text) {
      scanner.read(p.text);
      continue;
    }
    const bool harmless = p.what == piece::kind::seq || p.what == piece::kind::slot;
    if (!harmless && (s == state::lost || s == state::comment)) {
      throw failure{
          "map: --shell: an argument cannot be quoted safely after a backslash, within or after "
          "`...`, \"...$(...)...\", ${...}, $'...' or a here-document, or in a comment: put it "
          "into a "
          "variable first (x={}; ...)"};
    }
    scanner.read_value();
  }
}

arg_size shell_template::argument_budget() const {
  if (raw_) return {.copies = 1, .in_word = 1, .quoted = false, .bytes = 0};
  const std::size_t copies = copies_in(pieces_);
  return {.copies = copies, .in_word = copies, .quoted = true, .bytes = text_in(pieces_)};
}

std::string shell_template::expand(const job_facts& job) const {
  if (raw_) return joined(*job.args, false);
  std::string text;
  for (std::size_t i = 0; i < pieces_.size(); ++i) {
    const piece& p = pieces_[i];
    if (p.what == piece::kind::text) {
      text += p.text;
    } else if (places_[i] == place::plain) {
      text += joined(values_of(p, job), true);
    } else {  // close the quotes, and open them again
      const char quote = places_[i] == place::single_quotes ? '\'' : '"';
      text += quote + brood::shlex::quote(joined(values_of(p, job), false)) + quote;
    }
  }
  return text;
}

}  // namespace cli
