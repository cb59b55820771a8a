// What brood.Popen and brood.Pool ask for, as the engine's options.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <brood/pool.hpp>

#include "request.hpp"

namespace brood_python {

/// `asked` is what brood.Popen collects: (args, executable, env, cwd, stdin, stdout, stderr, input,
/// pass_fds, settings, retry). Fills `r`, whose objects stay those of `asked`.
brood::options read_options(const py::tuple& asked, request& r);

/// None, a number, or a text such as "50%".
brood::worker_count to_workers(py::handle n);

/// Seconds, or None.
brood::duration to_duration(py::handle seconds);

/// A start that failed, or a mistake in the options, as brood's exceptions: by Python's keywords.
[[noreturn]] void raise_command_error(const brood::error& e, const request& r);
/// A mistake as a ValueError.
[[noreturn]] void raise_mistake(const brood::error& e);

}  // namespace brood_python
