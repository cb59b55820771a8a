// Turns words into settings, building only those CLI11 options that the words name.
// SPDX-License-Identifier: Apache-2.0
#include "flags.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include <CLI/CLI.hpp>

#include <brood/error.hpp>

#include "exit.hpp"
#include "help_page.hpp"
#include "io.hpp"
#include "unknown.hpp"

namespace cli {

using namespace flag_groups;

namespace {

/// An entry of either table.
struct flag {
  const brood::option_entry* entry = nullptr;
  const own_flag* own = nullptr;

  explicit operator bool() const { return entry != nullptr || own != nullptr; }
  std::string_view flags() const { return entry != nullptr ? entry->flags : own->flags; }
  std::string_view value() const { return entry != nullptr ? entry->value : own->value; }
  std::string_view help() const { return entry != nullptr ? entry->help : own->help; }
  bool operator==(const flag&) const = default;
};

/// True if `name` ("-C" or "--chdir") is one of `flags` ("-C,--chdir").
bool is_one_of(std::string_view name, std::string_view flags) {
  while (!flags.empty()) {
    const std::size_t comma = flags.find(',');
    if (flags.substr(0, comma) == name) return true;
    flags.remove_prefix(comma == std::string_view::npos ? flags.size() : comma + 1);
  }
  return false;
}

bool is_refused(const verb_flags& verb, std::string_view name) {
  return std::find(verb.refused.begin(), verb.refused.end(), name) != verb.refused.end();
}

/// A verb's own flag takes precedence over a flag of the table with the same name.
flag look_up(const verb_flags& verb, std::string_view name) {
  for (const own_flag& f : verb.own) {
    if (is_one_of(name, f.flags) || name == f.former) return {.own = &f};
  }
  for (const brood::option_entry& e : brood::option_table()) {
    if (is_one_of(name, e.flags) && !is_refused(verb, e.name)) return {.entry = &e};
  }
  return {};
}

flag find(const verb_flags& verb, std::string_view name) {
  const flag f = look_up(verb, name);
  if (!f) throw unknown_flag(verb.name, name);
  return f;
}

/// Finds the words that are flags, and cuts them into names and values, which it does not
/// interpret. CLI11 cannot tell where a command begins: it treats an unknown flag as a switch and
/// goes on, and it takes the next word as the value of `--name=`.
class located {
 public:
  located(const verb_flags& verb, std::span<char* const> all) : verb_(verb), all_(all) {
    while (at_ < all_.size()) {
      const std::string_view word = all_[at_];
      refuse_other_dashes(word);
      if (word.size() < 2 || word[0] != '-') return;  // "-" is no flag
      ++at_;
      if (word == "--") return;
      if (word[1] == '-') {
        take_long(word);
      } else {
        take_cluster(word);
      }
    }
  }

  std::size_t end() const { return at_; }
  const std::vector<flag>& used() const { return used_; }

  /// Where a value begins that is not for others to read.
  struct secret {
    std::size_t word;
    std::size_t from;
  };
  const std::vector<secret>& secrets() const { return secrets_; }
  /// What is to be said about names that are given up.
  const std::string& advice() const { return advice_; }
  std::vector<std::string>& words() { return words_; }

 private:
  /// Where text was copied from a page, "--" may be one long dash.
  void refuse_other_dashes(std::string_view word) const {
    for (const std::string_view dash : {"\u2013", "\u2014", "\u2212"}) {
      if (!word.starts_with(dash)) continue;
      const std::string_view bare =
          word.substr(std::min(word.find_first_not_of(dash), word.size()));
      const std::string meant = (bare.size() > 1 ? "--" : "-") + std::string(bare);
      if (!look_up(verb_, std::string_view(meant).substr(0, meant.find('=')))) continue;
      throw failure{own_name() + "'" + std::string(word) + "' begins with a dash of another kind" +
                    "; did you mean " + meant + "?"};
    }
  }

  /// "-timeout", which would be the switches -t, -i and so on.
  void refuse_one_dash(std::string_view word) const {
    const std::string meant = "-" + std::string(word);
    if (word.size() < 4 || !look_up(verb_, std::string_view(meant).substr(0, meant.find('=')))) {
      return;
    }
    throw failure{own_name() + "'" + std::string(word) + "' has one dash only; did you mean " +
                  meant + "?"};
  }

  void take_long(std::string_view word) {
    const std::size_t equals = word.find('=');
    const std::string_view name = word.substr(0, equals);
    const flag f = note(name);
    if (f.value().empty()) {
      if (equals == std::string_view::npos) return;
      throw failure{own_name() + std::string(name) + " takes no value"};
    }
    if (equals == std::string_view::npos) {
      take_next(name, f);
    } else {
      take_rest(word, equals + 1, f);
    }
  }

  // "-vk5": switches, then at most one flag with a value.
  void take_cluster(std::string_view word) {
    refuse_one_dash(word);
    for (std::size_t i = 1; i < word.size(); ++i) {
      const std::string name{'-', word[i]};
      const flag f = note(name);
      if (f.value().empty()) continue;
      if (i + 1 == word.size()) {
        take_next(name, f);
      } else {
        take_rest(word, i + 1, f);
      }
      return;
    }
  }

  flag note(std::string_view name) {
    const flag f = find(verb_, name);
    if (std::find(used_.begin(), used_.end(), f) == used_.end()) used_.push_back(f);
    if (f.own != nullptr && name == f.own->former) return note_former(name, f);
    words_.emplace_back(name);
    return f;
  }

  flag note_former(std::string_view name, const flag& f) {
    const std::string now(f.flags().substr(0, f.flags().find(',')));
    advice_ = own_name() + "write " + now + " instead of " + std::string(name) + ": " +
              std::string(f.own->former_because);
    words_.emplace_back(now);
    return f;
  }

  void take_next(std::string_view name, const flag& f) {
    if (at_ == all_.size()) {
      throw failure{own_name() + std::string(name) + " needs a value: " + std::string(f.value())};
    }
    ++at_;
    take_rest(all_[at_ - 1], 0, f);
  }

  /// The value of `f` is the latest word from `from` on.
  void take_rest(std::string_view word, std::size_t from, const flag& f) {
    words_.emplace_back(word.substr(from));
    if (f.entry == nullptr) return;
    if (f.entry->name == "input") secrets_.push_back({at_ - 1, from});
    if (f.entry->name == "env") {
      secrets_.push_back({at_ - 1, std::min(word.size(), word.find('=', from) + 1)});
    }
  }

  std::string own_name() const { return std::string(verb_.name) + ": "; }

  const verb_flags& verb_;
  std::span<char* const> all_;
  std::size_t at_ = 0;
  std::vector<flag> used_;
  std::vector<std::string> words_;
  std::vector<secret> secrets_;
  std::string advice_;
};

void apply(const flag& f, settings& to, const std::string& value) {
  if (f.own != nullptr) return f.own->set(to, value);
  const auto done = f.entry->set(to.options, f.value().empty() ? f.entry->alone : value);
  if (!done) throw failure{done.error().what()};
  to.given.emplace_back(f.entry->name, value);
}

std::string_view group_of(const flag& f) {
  if (f.own != nullptr) return f.own->group;
  struct part {
    std::string_view group;
    std::string_view names;  // between spaces
  };
  static constexpr std::array parts{
      part{streams, " in input out err capture_output max_output text encoding errors "},
      part{"The command", " cwd env executable "},
      part{ending, " timeout idle_timeout stop contain drain_grace check ok_codes retry retry.on "},
      part{"Identity", " user group extra_groups umask new_session process_group nice "},
      part{"Descriptors", " close_fds pass_fds map_fds "},
  };
  const std::string_view name = f.entry->name;
  if (name == "best_effort" || name.starts_with("limits.")) return "Limits";
  for (const part& p : parts) {
    // "env.set" is part of "env".
    const std::string key = " " + std::string(name.substr(0, name.find('.'))) + " ";
    if (p.names.find(key) != std::string_view::npos) return p.group;
  }
  return "More";
}

/// The names among `flags` that no flag of the verb's own has taken.
std::string free_names(const verb_flags& verb, std::string_view flags) {
  std::string names;
  while (!flags.empty()) {
    const std::string_view name = flags.substr(0, flags.find(','));
    flags.remove_prefix(std::min(name.size() + 1, flags.size()));
    const auto takes_it = [name](const own_flag& f) { return is_one_of(name, f.flags); };
    if (std::none_of(verb.own.begin(), verb.own.end(), takes_it)) {
      names.append(names.empty() ? "" : ",").append(name);
    }
  }
  return names;
}

void add_flag(CLI::App& app, const flag& f, const std::string& names, settings& to) {
  CLI::Option* option = nullptr;
  const std::string help(f.help());
  if (f.value().empty()) {
    const auto seen = [f, &to](std::int64_t) { apply(f, to, {}); };
    option = app.add_flag_function(names, seen, help);
  } else {
    const auto read = [f, &to](const std::string& value) { apply(f, to, value); };
    option = app.add_option_function<std::string>(names, read, help);
    option->type_name(std::string(f.value()));
  }
  // Applied one by one, so that the order of different flags counts; of equal ones the last wins.
  option->trigger_on_parse()->group(std::string(group_of(f)));
}

}  // namespace

void set_signal(settings& s, const std::string& text) {
  const auto signal = brood::parse_signal(text);
  if (!signal) throw failure{"--signal: " + signal.error().detail()};
  s.signal = *signal;
}

void set_kill_after(settings& s, const std::string& text) {
  const auto grace = brood::parse_duration(text);
  if (!grace) throw failure{"--kill-after: " + std::string(grace.error().what())};
  s.kill_after = *grace;
}

std::size_t read_flags(const verb_flags& verb, std::span<char* const> words, settings& to) {
  located found(verb, words);
  if (found.used().empty()) return found.end();
  CLI::App app;
  app.set_help_flag();
  for (const flag& f : found.used()) {
    const bool own = f.own != nullptr;
    add_flag(app, f, own ? std::string(f.flags()) : free_names(verb, f.flags()), to);
  }
  std::reverse(found.words().begin(),
               found.words().end());  // the order in which CLI11 takes a vector
  try {
    app.parse(std::move(found.words()));
  } catch (const CLI::ParseError& e) {
    throw failure{std::string(verb.name) + ": " + e.what()};
  }
  if (!found.advice().empty() && !to.quiet) complain(found.advice());
  return found.end();
}

std::size_t count_flags(const verb_flags& verb, std::span<char* const> words) {
  return located(verb, words).end();
}

std::vector<std::string> without_secrets(const verb_flags& verb, std::span<char* const> words) {
  std::vector<std::string> shown(words.begin(), words.end());
  const located found(verb, words);
  for (const located::secret& s : found.secrets())
    shown[s.word].replace(s.from, std::string::npos, "***");
  return shown;
}

verb_page page_of(const verb_flags& verb) {
  const auto unused = std::make_shared<settings>();
  verb_page page = make_page(std::string(verb.usage), std::string(verb.description), *verb.text);
  page.values = unused;
  const auto add_own = [&] {
    for (const own_flag& f : verb.own)
      add_flag(*page.app, {.own = &f}, std::string(f.flags), *unused);
  };
  if (verb.own_first) add_own();
  for (const brood::option_entry& e : brood::option_table()) {
    const std::string names = free_names(verb, e.flags);
    if (names.empty() || is_refused(verb, e.name)) continue;
    add_flag(*page.app, {.entry = &e}, names, *unused);
  }
  if (!verb.own_first) add_own();
  page.app->footer(std::string(verb.footer));
  return page;
}

std::string help_of(const verb_flags& verb, const settings& s) {
  if (s.help_all) return full_help(page_of(verb));
  return s.help ? short_help(verb.name, page_of(verb)) : std::string();
}

}  // namespace cli
