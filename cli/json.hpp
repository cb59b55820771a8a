// The result of a command as one JSON object.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <brood/command.hpp>
#include <brood/error.hpp>
#include <brood/pipeline.hpp>
#include <brood/result.hpp>

#include "flags.hpp"

namespace cli {

/// What a job of a batch has in addition.
struct batch_facts {
  std::uint64_t seq;
  int slot;
  const std::vector<std::string>* args;
  int attempts;
};

/// One line, with its newline.
/// `wrong`: what went wrong on our side, or null. `batch`: of a job, whose output is all in
/// `result`; or null.
std::string to_json(const brood::completed_process& result, const brood::error* wrong,
                    const settings& s, const batch_facts* batch = nullptr);
/// The same for a command that could not be started.
std::string to_json(const brood::command& cmd, const brood::error& e, std::size_t attempts);
std::string to_json(const brood::command& cmd, const brood::error& e, const batch_facts& batch);
std::string to_json(const brood::completed_pipeline& result, const settings& s);

}  // namespace cli
