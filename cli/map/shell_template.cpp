// `--shell`: text for a shell, in which each replacement is quoted for its place.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cctype>

#include "map/template.hpp"

namespace cli {

namespace {

/// Always in quotes where they may be needed: an unquoted 2 before a > would be a descriptor, an
/// unquoted a=b an assignment.
std::string quoted(const std::string& v, bool whole_word) {
  const bool plain = whole_word && !v.empty() && std::all_of(v.begin(), v.end(), [](char c) {
                       return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' ||
                              c == '.' || c == '/' || c == '-';
                     });
  if (plain) return v;
  std::string text = "'";
  for (const char c : v) c == '\'' ? text += "'\"'\"'" : text += c;
  return text + "'";
}

std::string joined(const std::vector<std::string>& values, shell_place p) {
  std::string all;
  for (const std::string& v : values) {
    if (&v != values.data()) all += ' ';
    all += p == shell_place::word || p == shell_place::part ? quoted(v, p == shell_place::word) : v;
  }
  return all;
}

/// Neither text nor a number.
bool is_value(const piece& p) {
  return p.what == piece::kind::all || p.what == piece::kind::column;
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
  if (raw_) return;
  std::string seen;  // as a shell sees it, with a NUL for each value
  std::vector<bool> many;
  for (const piece& p : pieces_) {
    const bool number = p.what == piece::kind::seq || p.what == piece::kind::slot;
    seen += p.what == piece::kind::text ? p.text : number ? "1" : std::string(1, '\0');
    if (is_value(p)) many.push_back(p.what == piece::kind::all && !o.single);
  }
  if (!many.empty()) places_ = places_in_shell(seen, many);
}

arg_size shell_template::argument_budget() const {
  if (raw_) return {.copies = 1, .in_word = 1, .quoted = false, .bytes = 0};
  const std::size_t copies = copies_in(pieces_);
  return {.copies = copies, .in_word = copies, .quoted = true, .bytes = text_in(pieces_)};
}

std::string shell_template::expand(const job_facts& job) const {
  if (raw_) return joined(*job.args, shell_place::single_quotes);
  std::string text;
  auto place = places_.begin();
  for (const piece& p : pieces_) {
    if (p.what == piece::kind::text) {
      text += p.text;
    } else if (!is_value(p)) {
      text += values_of(p, job)[0];
    } else if (*place == shell_place::word || *place == shell_place::part) {
      text += joined(values_of(p, job), *place++);
    } else {  // close the quotes, and open them again
      const char quote = *place == shell_place::single_quotes ? '\'' : '"';
      text += quote + quoted(joined(values_of(p, job), *place++), false) + quote;
    }
  }
  return text;
}

}  // namespace cli
