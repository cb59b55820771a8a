// A run as JSON.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "journal/types.hpp"

namespace cli {

/// On one line, without a newline.
std::string run_object(const journal::run_record& run);

}  // namespace cli
