// The story of one job.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <vector>

#include "journal/reader.hpp"
#include "report/sink.hpp"

namespace cli {

/// `attempts`: of one job, at least one.
void write_why(const journal::reader& journal, const journal::run_record& run,
               const std::vector<journal::attempt>& attempts, sink& to);

/// The last lines of an output, indented.
void write_tail(const journal::reader& journal, const journal::kept_output& kept, sink& to);

}  // namespace cli
