// How an attempt ended, in words.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "journal/types.hpp"

namespace journal {

/// "exit status 3", "killed by SIGSEGV", "timed out", "could not be started: ...", "succeeded".
std::string describe_end(const attempt& a);

}  // namespace journal
