// `brood run --pipe`: several commands, the output of each connected to the input of the next.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "flags.hpp"

namespace cli {

/// \param words  the commands, with "--" between them. \return the exit status. Errors: failure.
int run_pipe(std::span<char* const> words, settings& s);

}  // namespace cli
