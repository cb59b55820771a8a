// A wish that a command ends.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <stop_token>

namespace brood_python {

/// What is left to do for a command that somebody else carries on: ask it to stop. Threads: any.
struct wish {
  std::stop_source source;
};

}  // namespace brood_python
