// Looks for what was meant: among the verbs, their options, and the programs that can be run.
// SPDX-License-Identifier: Apache-2.0
#include "unknown.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "programs.hpp"
#include "verbs.hpp"

namespace cli {

namespace {

/// What other tools call what a verb does.
struct synonym {
  std::string_view word;
  std::string_view verb;
};
constexpr synonym synonyms[] = {{"exec", "run"},    {"start", "run"},     {"spawn", "run"},
                                {"timeout", "run"}, {"retry", "run"},     {"parallel", "map"},
                                {"xargs", "map"},   {"each", "map"},      {"foreach", "map"},
                                {"batch", "map"},   {"list", "ls"},       {"history", "ls"},
                                {"runs", "ls"},     {"log", "report"},    {"logs", "report"},
                                {"show", "report"}, {"status", "report"}, {"results", "report"}};

std::vector<std::string> flags_of(const verb& v) {
  std::vector<std::string> names;
  for (const page_group& group : groups_of(v.page())) {
    for (const page_option& o : group.options) {
      names.insert(names.end(), o.names.begin(), o.names.end());
    }
  }
  return names;
}

bool has_flag(const verb& v, std::string_view name) {
  const std::vector<std::string> flags = flags_of(v);
  return std::find(flags.begin(), flags.end(), name) != flags.end();
}

/// The verb that has a flag `name`, or null.
const verb* owner_of(std::string_view name) {
  for (const verb& v : verbs()) {
    if (has_flag(v, name)) return &v;
  }
  return nullptr;
}

std::string instead_of_verb(std::span<char* const> words) {
  const std::string_view word = words[0];
  if (word.starts_with('-')) {
    const verb* const owner = owner_of(word.substr(0, word.find('=')));
    if (owner == nullptr) return {};
    return "; options come after the verb: 'brood " + std::string(owner->name) + " " +
           std::string(word) + "'";
  }
  for (const synonym& s : synonyms) {
    if (s.word == word) return "; did you mean " + std::string(s.verb) + "?";
  }
  if (is_program(word)) return "; to run that program: 'brood run " + std::string(word) + "'";
  std::vector<std::string_view> names;
  for (const verb& v : verbs()) names.push_back(v.name);
  return did_you_mean(word, names);
}

}  // namespace

failure unknown_verb(std::span<char* const> words) {
  std::string hint = instead_of_verb(words);
  if (hint.empty()) hint = "; see 'brood --help'";
  return {"there is no verb '" + std::string(words[0]) + "'" + hint};
}

failure unknown_flag(std::string_view verb_name, std::string_view name) {
  const std::string own(verb_name);
  const std::string about = own + ": unknown option '" + std::string(name) + "'";
  if (const verb* const owner = owner_of(name)) {
    return {about + ", which is one of 'brood " + std::string(owner->name) + "'"};
  }
  std::vector<std::string> flags;
  for (const verb& v : verbs()) {
    if (v.name == verb_name) flags = flags_of(v);
  }
  // Without their dashes, which would make every option near every other.
  std::vector<std::string_view> names;
  for (const std::string& flag : flags) {
    if (flag.starts_with("--")) names.push_back(std::string_view(flag).substr(2));
  }
  const std::string_view bare = name.substr(std::min(name.find_first_not_of('-'), name.size()));
  const std::string_view near = name.starts_with("--") ? brood::nearest_name(bare, names) : "";
  if (!near.empty()) return {about + "; did you mean --" + std::string(near) + "?"};
  return {about + "; see 'brood " + own + " --help'"};
}

}  // namespace cli
