// What is different in how two runs cut stdin into blocks, for --explain.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

namespace cli {

/// "--block changed from 1M to 2M", by the arguments of two runs of `brood map`; "" if they cut
/// alike.
std::string blocks_changed(const std::vector<std::string>& before,
                           const std::vector<std::string>& now);

}  // namespace cli
