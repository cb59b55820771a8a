// Reading flags: one for each entry of the library's option table, and a verb's own.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <brood/option_table.hpp>
#include <brood/options.hpp>

#include "verb_page.hpp"

namespace cli {

/// What the words before the command ask for.
struct settings {
  brood::options options;

  // The name and text of each flag of the table that was given, in order.
  std::vector<std::pair<std::string_view, std::string>> given;

  // The tool's own.
  bool shell = false;
  bool append = false;
  bool merge = false;
  std::string tee;
  bool quiet_ok = false;
  bool json = false;
  std::optional<int> signal;
  brood::duration kill_after;
  std::string on_final_failure;
  bool pipe = false;
  bool init = false;
  bool keep_terminal = false;
  bool dry_run = false;
  bool verbose = false;
  bool quiet = false;
  bool help = false;
  bool help_all = false;

  bool has(std::string_view name) const {
    for (const auto& [given_name, text] : given) {
      if (given_name == name) return true;
    }
    return false;
  }
};

/// A flag of the tool that is no option of the library.
struct own_flag {
  std::string_view flags;  ///< as in the table: "-C,--chdir"
  std::string_view value;  ///< what follows; empty for a switch
  std::string_view help;
  std::string_view group;  ///< its heading on the page of --help
  /// `to`: the settings that read_flags() was given. Errors: failure.
  void (*set)(settings& to, const std::string& text);
  /// A letter that it had and still takes, with a message. Not on the page.
  std::string_view former = {};
  std::string_view former_because = {};
};

/// The headings that the table's flags have.
namespace flag_groups {
inline constexpr std::string_view command = "The command";
inline constexpr std::string_view streams = "Streams";
inline constexpr std::string_view ending = "How it ends";
inline constexpr std::string_view report = "What is reported";
}  // namespace flag_groups

/// The flags of one verb: its own, and those of the table except `refused`.
struct verb_flags {
  std::string_view name;
  std::string_view usage;
  std::string_view description;
  std::string_view footer;
  const page_text* text;
  std::span<const own_flag> own;
  std::span<const std::string_view> refused;  ///< names of the table that make no sense here
  bool own_first = false;                     ///< before the table's on the page of --help
};

void set_signal(settings& s, const std::string& text);
void set_kill_after(settings& s, const std::string& text);

/// Reads the flags into `to`. \return the number of words that were flags; the command follows
/// them. Errors: failure.
std::size_t read_flags(const verb_flags& verb, std::span<char* const> words, settings& to);

/// How many of the words are flags, without reading them. Errors: failure.
std::size_t count_flags(const verb_flags& verb, std::span<char* const> words);

/// The words as they may be written down: without the values of --env, and without the text of
/// --input. Errors: failure.
std::vector<std::string> without_secrets(const verb_flags& verb, std::span<char* const> words);

verb_page page_of(const verb_flags& verb);
/// The page that --help or --help-all asked for; empty if neither did.
std::string help_of(const verb_flags& verb, const settings& s);

}  // namespace cli
