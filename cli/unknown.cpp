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

/// What other tools call an option, and what to write here. One with the same meaning is an alias
/// in the table of options.
struct foreign_flag {
  std::string_view names;  // each between blanks
  std::string_view verb;   // empty: any
  std::string_view advice;
};
constexpr foreign_flag foreign_flags[] = {
    {" -V --version ", "", "write 'brood --version'"},
    {" -c --sh --use-shell ", "", "--shell takes the command as text for /bin/sh"},
    {" --cwd --workdir --work-dir --directory --wd ", "", "-C DIR is the directory"},
    {" -i --ignore-environment ", "", "--env-clear empties the environment"},
    {" --unset ", "", "--env-unset NAME removes a variable"},
    {" --memory --mem --max-memory --max-mem ", "", "--address-space SIZE limits memory"},
    {" --silent ", "", "--quiet says nothing"},
    {" --debug --trace ", "", "--verbose says more"},
    {" -o --output --out --outfile --log --log-file ", "run",
     "--stdout FILE writes to a file, --tee FILE copies"},
    {" --retries --attempts --repeat --tries ", "run", "--retry N is how many attempts there are"},
    {" --backoff --delay --retry-delay ", "run", "--retry N,DELAY waits between attempts"},
    {" --foreground ", "run", "the command always keeps the terminal"},
    {" -o --output --outputdir --output-dir --out --files ", "map",
     "--results DIR keeps the output of each job in files"},
    {" -p --parallel --workers --max-workers --threads --concurrency --procs ", "map",
     "-j N is how many jobs run at once"},
    {" -r --no-run-if-empty ", "map", "without arguments nothing is run anyway"},
    {" -X -m --xargs ", "map", "-n N gives each job several arguments"},
    {" -e --fail-fast --failfast --exit-on-error --stop-on-error ", "map",
     "--halt now,fail=1 stops at the first failure"},
    {" --keep-going --ignore-errors ", "map", "that is so unless --halt is given"},
    {" --retry-failed ", "map", "--resume runs again what failed or has not run"},
    {" --arg-sep --sep ", "map", "arguments come after :::"},
    {" --will-cite --citation ", "map", "there is nothing to leave out"},
    {" --no-progress ", "map", "--quiet prints no progress"},
    {" --format --output --out -o ", "report", "--as FORM is the form, such as json"},
    {" --json --html --junit --csv ", "report", "--as FORM is the form, such as json or html"},
    {" --log --output-of ", "report", "--logs JOB prints what a job wrote"},
};

std::string_view advice_on(std::string_view verb, std::string_view name) {
  const std::string key = " " + std::string(name) + " ";
  for (const foreign_flag& f : foreign_flags) {
    if (!f.verb.empty() && f.verb != verb) continue;
    if (f.names.find(key) != f.names.npos) return f.advice;
  }
  return {};
}

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
    const bool is_long = word.starts_with("--");
    const verb* const owner = owner_of(word.substr(0, is_long ? word.find('=') : 2));
    if (owner != nullptr) {
      return "; options come after the verb: 'brood " + std::string(owner->name) + " " +
             std::string(word) + "'";
    }
    constexpr std::string_view own[] = {"--version", "--help", "--completion"};
    return is_long ? did_you_mean(word, own) : std::string();
  }
  for (const synonym& s : synonyms) {
    if (s.word == word) return "; did you mean " + std::string(s.verb) + "?";
  }
  if (is_program(word)) return "; to run that program: 'brood run " + std::string(word) + "'";
  std::vector<std::string_view> names{"help", "version"};
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
  if (const std::string_view advice = advice_on(verb_name, name); !advice.empty()) {
    return {about + "; " + std::string(advice)};
  }
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
