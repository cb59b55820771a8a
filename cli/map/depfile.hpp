// The files that a compiler's dependency file (-MD) names.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace cli {

/// The prerequisites of all rules in a text for make(1), each once, in their order.
std::vector<std::string> parse_depfile(std::string_view text);

}  // namespace cli
