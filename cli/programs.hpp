// Which words are programs, for hints: what is run is looked for by the library.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string_view>

namespace cli {

/// True for the path of an executable file, and for the name of one in a folder of PATH.
bool is_program(std::string_view word);

}  // namespace cli
