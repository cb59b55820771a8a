// The one place where errors of the engine become Python's exceptions.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>

#include <brood/error.hpp>

#include "python.hpp"

namespace brood_python {

struct request;

/// The keyword that stands for a member of the options.
std::string keyword_of(std::string_view member);

/// The exception for `e`: a ValueError for a mistake, by Python's keywords; a LookupError for an
/// account that is not there; else an OSError of errno's class, with `stage` and, where a file is
/// to blame, its filename: that of `r` as it was given, if there is one.
py::object to_exception(const brood::error& e, const request* r = nullptr);
/// Raises it.
[[noreturn]] void raise(const brood::error& e, const request* r = nullptr);
/// Raises what the standard module would, in its words.
[[noreturn]] void raise_as_standard(const brood::error& e, const request& r);

[[noreturn]] void raise_value_error(const std::string& text);
[[noreturn]] void raise_type_error(const std::string& text);

}  // namespace brood_python
