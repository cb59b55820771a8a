// Reads the end of each failed job's stderr, in one pass over the attempts.
// SPDX-License-Identifier: Apache-2.0
#include "report/causes.hpp"

#include <algorithm>
#include <cstddef>
#include <string_view>
#include <unordered_map>

#include "journal/ending.hpp"
#include "report/words.hpp"

namespace cli {

namespace {

constexpr std::size_t examples_kept = 5;
constexpr std::size_t line_limit = 2048;

std::string last_line(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) {
    text.remove_suffix(1);
  }
  const std::size_t newline = text.rfind('\n');
  return std::string(newline == std::string_view::npos ? text : text.substr(newline + 1));
}

using state = journal::attempt_state;

/// How it ended, and its last line, without what differs from job to job.
std::string cause_of(const journal::attempt& a, const report_source& from) {
  // The exit status is kept: it tells causes apart.
  std::string text = a.exit_code ? describe_end(a) : generalised(describe_end(a), a.argv);
  const std::string said = last_line(tail_of(from.journal, a.err, line_limit));
  if (!said.empty()) text += ": " + generalised(said, a.argv);
  return text;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

std::string generalised(std::string line, const std::vector<std::string>& argv) {
  std::vector<std::string_view> words;
  for (std::size_t i = 1; i < argv.size(); ++i) {
    if (argv[i].size() >= 2) words.push_back(argv[i]);
  }
  const auto longer = [](std::string_view a, std::string_view b) { return a.size() > b.size(); };
  std::sort(words.begin(), words.end(), longer);
  std::string text;
  for (std::size_t at = 0; at < line.size();) {
    const std::string_view rest = std::string_view(line).substr(at);
    const auto word = std::find_if(words.begin(), words.end(),
                                   [rest](std::string_view w) { return rest.starts_with(w); });
    if (word != words.end()) {
      text += "{}";
      at += word->size();
    } else if (is_digit(line[at])) {
      text += '#';
      while (at < line.size() && is_digit(line[at])) ++at;
    } else {
      text += line[at++];
    }
  }
  return text;
}

std::vector<failure_cause> find_causes(const report_source& from) {
  std::vector<failure_cause> causes;
  std::unordered_map<std::string, std::size_t> known;
  from.each([&](const journal::attempt& a) {
    const state how = from.state_of(a);
    if (!a.last || how == state::succeeded || how == state::running) return;
    const std::string text = how == state::failed ? cause_of(a, from) : describe_end(a);
    const auto [place, is_new] = known.try_emplace(text, causes.size());
    if (is_new) causes.push_back({.state = how, .text = text});
    failure_cause& cause = causes[place->second];
    ++cause.count;
    if (cause.examples.size() < examples_kept) cause.examples.push_back(a);
  });
  const auto rank = [](const failure_cause& c) {
    return c.state == state::failed ? 0 : c.state == state::unfinished ? 1 : 2;
  };
  std::stable_sort(causes.begin(), causes.end(),
                   [rank](const failure_cause& a, const failure_cause& b) {
                     return rank(a) != rank(b) ? rank(a) < rank(b) : a.count > b.count;
                   });
  return causes;
}

}  // namespace cli
