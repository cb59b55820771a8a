// Finds replacement strings, and puts values into their place.
// SPDX-License-Identifier: Apache-2.0
#include "map/template.hpp"

#include <algorithm>
#include <cctype>
#include <map>
#include <optional>
#include <utility>

#include "exit.hpp"
#include "map/numbers.hpp"
#include "unknown.hpp"

namespace cli {

namespace {

using form = piece::form;
using kind = piece::kind;

std::string joined(const std::vector<std::string>& values) {
  std::string all;
  for (const std::string& v : values) {
    if (&v != values.data()) all += ' ';
    all += v;
  }
  return all;
}

/// Takes "/.", "//", "/" or "." off the end.
form take_form(std::string_view& inside) {
  constexpr std::pair<std::string_view, form> forms[] = {{"/.", form::base_no_extension},
                                                         {"//", form::folder},
                                                         {"/", form::base},
                                                         {".", form::no_extension}};
  for (const auto& [text, how] : forms) {
    if (!inside.ends_with(text)) continue;
    inside.remove_suffix(text.size());
    return how;
  }
  return form::whole;
}

constexpr std::string_view digits = "0123456789";

/// Whether people would write it for a column: a word.
bool looks_like_name(std::string_view s) {
  const auto is_letter = [](char c) {
    return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_' || (c & 0x80) != 0;
  };
  return !s.empty() && is_letter(s[0]) && std::all_of(s.begin(), s.end(), [&](char c) {
    return is_letter(c) || digits.find(c) != digits.npos || c == '-' || c == '.';
  });
}

[[noreturn]] void refuse(std::string_view inside, const std::string& why) {
  const std::string shown = "{" + std::string(inside) + "}";
  throw failure{"map: " + shown + ": " + why + " ({" + shown + " is the text itself)"};
}

[[noreturn]] void refuse_name(std::string_view inside, const template_options& o) {
  constexpr std::size_t most = 30;
  std::string all;
  for (std::size_t i = 0; i < std::min(most, o.names.size()); ++i) {
    all += (i == 0 ? "{" : ", {") + o.names[i] + "}";
  }
  if (o.names.size() > most) all += ", ...";
  const std::vector<std::string_view> names(o.names.begin(), o.names.end());
  refuse(inside, "there is no such column; there are " + all + did_you_mean(inside, names));
}

/// The column with this number or name, if there is one. `shown`: with its form.
std::optional<std::size_t> find_column(std::string_view inside, std::string_view shown,
                                       const template_options& o) {
  const auto named = std::find(o.names.begin(), o.names.end(), inside);
  if (named != o.names.end()) {
    if (std::find(named + 1, o.names.end(), inside) != o.names.end()) {
      refuse(shown, "several columns have this name");
    }
    return static_cast<std::size_t>(named - o.names.begin());
  }
  const auto number = o.numbers ? to_number<std::size_t>(inside) : std::nullopt;
  if (!number) return {};
  if (*number == 0) refuse(shown, "arguments count from {1}");
  if (o.columns > 0 && *number > o.columns) {
    refuse(shown, std::string("there ") + (o.columns == 1 ? "is" : "are") + " only " +
                      std::to_string(o.columns) + (o.columns == 1 ? " argument" : " arguments") +
                      " for each job");
  }
  return *number - 1;
}

/// The meaning of the text between braces, if it has one.
std::optional<piece> read_replacement(std::string_view shown, const template_options& o) {
  if (shown == "#") return piece{.what = kind::seq};
  if (shown == "%") return piece{.what = kind::slot};
  if (const auto column = find_column(shown, shown, o)) {
    return piece{.what = kind::column, .column = *column};
  }
  std::string_view inside = shown;
  const form how = take_form(inside);
  if (inside.empty()) {
    if (how == form::whole) return {};  // "{}" itself is o.all
    return piece{.what = kind::all, .how = how};
  }
  if (how == form::whole) return {};
  if (const auto column = find_column(inside, shown, o)) {
    return piece{.what = kind::column, .how = how, .column = *column};
  }
  return {};
}

/// Whether people would take it for a replacement string.
bool looks_like_replacement(std::string_view inside, const template_options& o) {
  if (inside == "#" || inside == "%") return true;
  const form how = take_form(inside);
  if (inside.empty()) return how != form::whole || o.all == "{}";
  if (o.numbers && inside.find_first_not_of(digits) == inside.npos) return true;
  return !o.names.empty() && (looks_like_name(inside) ||
                              std::find(o.names.begin(), o.names.end(), inside) != o.names.end());
}

/// The text between the brace that `text` begins with and the next one, if that closes it.
std::optional<std::string_view> between_braces(std::string_view text) {
  if (!text.starts_with('{')) return {};
  const std::size_t end = text.find_first_of("{}", 1);
  if (end == text.npos || text[end] != '}') return {};
  return text.substr(1, end - 1);
}

void add_text(std::vector<piece>& to, std::string_view text) {
  if (text.empty()) return;
  if (to.empty() || to.back().what != kind::text) to.emplace_back();
  to.back().text += text;
}

}  // namespace

std::vector<piece> parse_pieces(std::string_view text, const template_options& o) {
  std::vector<piece> pieces;
  char before = 0;
  while (!text.empty()) {
    const auto escaped = between_braces(text.starts_with("{{") ? text.substr(1) : "");
    if (escaped && !text.substr(escaped->size() + 3).starts_with('}') &&
        looks_like_replacement(*escaped, o)) {
      add_text(pieces, text.substr(1, escaped->size() + 2));
      text.remove_prefix(escaped->size() + 3);
      before = '}';
      continue;
    }
    if (text.starts_with(o.all)) {
      pieces.push_back({.what = kind::all});
      text.remove_prefix(o.all.size());
      before = 0;
      continue;
    }
    if (const auto inside = between_braces(text)) {
      if (auto p = read_replacement(*inside, o)) {
        pieces.push_back(std::move(*p));
        text.remove_prefix(inside->size() + 2);
        before = 0;
        continue;
      }
      const bool of_the_shell = before == '$';  // ${HOME}
      if (!of_the_shell && !o.names.empty() && looks_like_name(*inside)) refuse_name(*inside, o);
    }
    add_text(pieces, text.substr(0, 1));
    before = text[0];
    text.remove_prefix(1);
  }
  return pieces;
}

bool has_replacement(const std::vector<piece>& pieces) {
  return std::any_of(pieces.begin(), pieces.end(),
                     [](const piece& p) { return p.what != kind::text; });
}

std::string reshape(const std::string& value, form how) {
  const std::size_t slash = value.rfind('/');
  const std::string base = slash == value.npos ? value : value.substr(slash + 1);
  const std::size_t dot = base.rfind('.');
  // ".profile" is a name, not an extension.
  const std::size_t extension = dot == base.npos || dot == 0 ? 0 : base.size() - dot;
  switch (how) {
    case form::whole:
      return value;
    case form::no_extension:
      return value.substr(0, value.size() - extension);
    case form::base:
      return base;
    case form::base_no_extension:
      return base.substr(0, base.size() - extension);
    case form::folder:
      return slash == value.npos ? "." : slash == 0 ? "/" : value.substr(0, slash);
  }
  return value;
}

std::vector<std::string> values_of(const piece& p, const job_facts& job) {
  if (p.what == kind::seq) return {std::to_string(job.seq)};
  if (p.what == kind::slot) return {std::to_string(job.slot)};
  if (p.what == kind::column) {
    return {p.column < job.args->size() ? reshape((*job.args)[p.column], p.how) : std::string()};
  }
  std::vector<std::string> all;
  all.reserve(job.args->size());
  for (const std::string& a : *job.args) all.push_back(reshape(a, p.how));
  return all;
}

word_template::word_template(const std::vector<std::string>& words, const template_options& o) {
  bool replaces = false;
  for (const std::string& w : words) {
    words_.push_back(parse_pieces(w, o));
    replaces = replaces || has_replacement(words_.back());
  }
  if (!replaces && o.append) words_.push_back({{.what = kind::all}});
}

std::size_t copies_in(const std::vector<piece>& pieces) {
  std::size_t all = 0;
  std::map<std::size_t, std::size_t> of_column;
  std::size_t most = 0;
  for (const piece& p : pieces) {
    if (p.what == piece::kind::all) ++all;
    if (p.what == piece::kind::column) most = std::max(most, ++of_column[p.column]);
  }
  return all + most;
}

std::size_t text_in(const std::vector<piece>& pieces) {
  std::size_t n = 0;
  for (const piece& p : pieces) n += p.text.size();
  return n;
}

arg_size word_template::argument_budget() const {
  arg_size a;
  for (const std::vector<piece>& word : words_) {
    const std::size_t copies = copies_in(word);
    a.copies += copies;
    if (word.size() > 1) a.in_word = std::max(a.in_word, copies);
    a.bytes += text_in(word) + 1 + sizeof(char*);
  }
  return a;
}

std::vector<std::string> word_template::expand(const job_facts& job) const {
  std::vector<std::string> all;
  all.reserve(words_.size());
  for (const std::vector<piece>& word : words_) {
    if (word.size() == 1 && word[0].what == kind::all) {
      for (std::string& v : values_of(word[0], job)) all.push_back(std::move(v));
      continue;
    }
    std::string& text = all.emplace_back();
    for (const piece& p : word) {
      text += p.what == kind::text ? p.text : joined(values_of(p, job));
    }
  }
  return all;
}

}  // namespace cli
