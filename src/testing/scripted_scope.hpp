// A command that is not there: its streams are filled from the start, and it ends by the clock.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "process/execution.hpp"
#include "testing/script.hpp"

namespace brood::detail {

/// Write what the script says to where the command's streams go, take its input, and begin to run.
expected<std::unique_ptr<execution>, error> play_script(execution_spec spec,
                                                        const testing::expectation::script& s,
                                                        std::shared_ptr<call_log> log,
                                                        call_record& entry);

}  // namespace brood::detail
