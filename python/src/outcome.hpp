// How a command ended, as Python objects.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <brood/expected.hpp>
#include <brood/result.hpp>

#include "python.hpp"

namespace brood_python {

/// (result, failure): the result as a dict, None if it never ran; what went wrong as (whether a
/// time limit passed, errno or 0, step, subject, text), or None.
py::tuple to_outcome(brood::expected<brood::completed_process, brood::error> from);

}  // namespace brood_python
