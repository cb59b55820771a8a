// How a command ended, as Python objects.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <brood/expected.hpp>
#include <brood/result.hpp>

#include "errors.hpp"

namespace brood_python {

py::dict to_dict(const brood::usage& u);
py::dict to_dict(brood::completed_process r);
/// Large ones without having them twice in memory.
py::bytes to_bytes(std::string from);
/// The exit code, or the negative number of the signal; None if it has none.
py::object to_returncode(const brood::exit_status& s);
/// (whether a time limit passed, whether it was cancelled, kind, the exception)
py::tuple to_failure(const brood::error& e, const request* r = nullptr);
/// (result, failure): the result as a dict, None if it never ran; what went wrong as
/// to_failure() has it, or None.
py::tuple to_outcome(brood::expected<brood::completed_process, brood::error> from);

}  // namespace brood_python
