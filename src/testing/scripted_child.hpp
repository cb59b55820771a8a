// A child that is not there: it ends when its script says, or by a signal.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include "process/understudy.hpp"
#include "testing/script.hpp"

namespace brood::detail {

/// Write what the script says to where the streams of `c` go, take its input, and begin to run.
expected<std::unique_ptr<child>, error> play_script(const cue& c,
                                                    const testing::expectation::script& s,
                                                    std::shared_ptr<call_log> log,
                                                    call_record& entry);

}  // namespace brood::detail
