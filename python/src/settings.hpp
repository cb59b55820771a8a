// Keywords that go beyond the standard module, from Python's types to the engine's.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <vector>

#include <brood/options.hpp>
#include <brood/pool.hpp>

#include "python.hpp"

namespace brood_python {

/// The one rule for spans of time: None; a number of seconds; a text with units, as "500ms"; a
/// timedelta. TypeError naming `keyword` for others.
std::optional<double> to_seconds(py::handle value, const std::string& keyword);
/// The same as a limit: none if it is too long to be one. ValueError if it is negative or nan.
brood::duration to_duration(py::handle value, const std::string& keyword);
/// "TERM,5s,KILL", or a sequence of signals and of pairs of a signal and a span.
std::vector<brood::stop_step> to_ladder(py::handle value);
/// None, a number, or a text such as "50%".
brood::worker_count to_workers(py::handle n);
/// None, a text such as "5,1s,x2", or the fields of brood.Retry in its order.
brood::retry_policy to_retry(py::handle value);

/// Each keyword of `settings`, a dict, onto the option that it stands for.
void apply_settings(const py::dict& settings, brood::options& o);

}  // namespace brood_python
