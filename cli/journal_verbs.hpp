// What the verbs that read a journal have in common.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "exit.hpp"
#include "journal/error.hpp"
#include "journal/folder.hpp"

namespace cli {

inline constexpr const char* journal_flag_help =
    "The folder of the journal, instead of the .brood of this directory or of one above it";

/// The folder that was given, or found. Errors: failure, journal::error.
inline journal::folder journal_folder(const std::string& given) {
  if (!given.empty()) return journal::folder::open(given);
  const std::string found = journal::find_folder();
  if (found.empty()) {
    throw failure{"there is no journal here: no .brood in this directory or one above it"};
  }
  try {
    return journal::folder::open_ours(found);
  } catch (const journal::unavailable& e) {
    throw failure{std::string(e.what()) + "; '--journal " + found + "' reads it all the same"};
  }
}

}  // namespace cli
