// The blocking poller: carries one command on in the calling thread.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "process/execution.hpp"

namespace brood::detail {

/// Until when block() goes on.
enum class goal : unsigned char {
  started,  ///< it is known whether it has executed its program
  settled,  ///< it has ended, and a stop of it too; its streams perhaps not
  ended,    ///< nothing is left to do
  stopped,  ///< a stop has ended. The streams are not touched: another thread may have them
};

/// Whether that came before `until`. Exceptions of callbacks pass through.
bool block(execution& e, goal g, deadline until);

}  // namespace brood::detail
