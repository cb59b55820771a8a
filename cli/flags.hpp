// The flags of `brood run`: one for each entry of the library's option table, and the tool's own.
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

namespace cli {

/// What the words before the command ask for.
struct settings {
  brood::options options;

  // The flags of the table that were given, as NAME and text, in their order.
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
  bool dry_run = false;
  bool verbose = false;
  bool quiet = false;
  bool help = false;

  bool has(std::string_view name) const {
    for (const auto& [given_name, text] : given) {
      if (given_name == name) return true;
    }
    return false;
  }
};

/// Reads the flags into `to`. \return how many words they are: the command starts there.
/// Errors: failure.
std::size_t read_flags(std::span<char* const> words, settings& to);

/// The whole page of `brood run --help`.
std::string run_help();

}  // namespace cli
