// The result of a command as one JSON object.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>

#include <brood/command.hpp>
#include <brood/error.hpp>
#include <brood/pipeline.hpp>
#include <brood/result.hpp>

#include "flags.hpp"

namespace cli {

/// One line, with its newline.
/// `wrong`: what went wrong on our side, or null.
std::string to_json(const brood::completed_process& result, const brood::error* wrong,
                    const settings& s);
/// The same for a command that could not be started.
std::string to_json(const brood::command& cmd, const brood::error& e, std::size_t attempts);
std::string to_json(const brood::completed_pipeline& result, const settings& s);

}  // namespace cli
