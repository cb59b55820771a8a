// What a message adds where the way out is known.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include <brood/error.hpp>

namespace cli {

/// What the error says; of a program that could not be executed, also what was probably meant.
std::string message_of(const brood::error& e);

/// Refuses "wc -l {} | sort" as a program, before one job after another fails. Errors: failure.
void refuse_shell_text(const std::string& program);

/// Says what `map` reads if nobody seems to know: arguments from a terminal, or none from
/// /dev/null. \param command  all words, as there is no ::: among them \param blocks   under --pipe
/// Errors: failure, for a word that was probably meant to be a :::.
void explain_stdin(std::span<const std::string> command, bool blocks, bool quiet);

}  // namespace cli
