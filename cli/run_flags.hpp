// The flags of `brood run`.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "flags.hpp"

namespace cli {

const verb_flags& run_flags();

}  // namespace cli
