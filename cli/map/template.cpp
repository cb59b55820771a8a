// Finds replacement strings, and puts values into their place.
// SPDX-License-Identifier: Apache-2.0
#include "map/template.hpp"

#include <algorithm>
#include <optional>
#include <utility>

#include "exit.hpp"
#include "map/numbers.hpp"

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

/// The column with this number or name, if there is one.
std::optional<std::size_t> find_column(std::string_view inside, const template_options& o) {
  const auto named = std::find(o.names.begin(), o.names.end(), inside);
  if (named != o.names.end()) return static_cast<std::size_t>(named - o.names.begin());
  const auto number = to_number<std::size_t>(inside);
  if (!number) return {};
  const std::string shown = "{" + std::string(inside) + "}";
  if (*number == 0) throw failure{"map: " + shown + ": arguments count from {1}"};
  if (o.columns > 0 && *number > o.columns) {
    throw failure{"map: " + shown + ": there " + (o.columns == 1 ? "is" : "are") + " only " +
                  std::to_string(o.columns) + (o.columns == 1 ? " argument" : " arguments") +
                  " for each job"};
  }
  return *number - 1;
}

/// The meaning of the text between braces, if it has one.
std::optional<piece> read_replacement(std::string_view inside, const template_options& o) {
  if (inside == "#") return piece{.what = kind::seq};
  if (inside == "%") return piece{.what = kind::slot};
  if (const auto column = find_column(inside, o)) {
    return piece{.what = kind::column, .column = *column};
  }
  const form how = take_form(inside);
  if (inside.empty()) {
    if (how == form::whole) return {};  // "{}" itself is o.all
    return piece{.what = kind::all, .how = how};
  }
  if (const auto column = find_column(inside, o)) {
    return piece{.what = kind::column, .how = how, .column = *column};
  }
  return {};
}

void add_text(std::vector<piece>& to, std::string_view text) {
  if (text.empty()) return;
  if (to.empty() || to.back().what != kind::text) to.emplace_back();
  to.back().text += text;
}

}  // namespace

std::vector<piece> parse_pieces(std::string_view text, const template_options& o) {
  std::vector<piece> pieces;
  while (!text.empty()) {
    if (text.starts_with(o.all)) {
      pieces.push_back({.what = kind::all});
      text.remove_prefix(o.all.size());
      continue;
    }
    const std::size_t end = text[0] == '{' ? text.find_first_of("{}", 1) : text.npos;
    if (end != text.npos && text[end] == '}') {
      if (auto p = read_replacement(text.substr(1, end - 1), o)) {
        pieces.push_back(std::move(*p));
        text.remove_prefix(end + 1);
        continue;
      }
    }
    add_text(pieces, text.substr(0, 1));
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
  return static_cast<std::size_t>(std::count_if(
      pieces.begin(), pieces.end(), [](const piece& p) { return p.what == kind::all; }));
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
