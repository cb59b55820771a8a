// What brood.Popen and brood.Pool ask for, as the engine's options.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "errors.hpp"
#include "request.hpp"
#include "settings.hpp"

namespace brood_python {

/// `asked` is what brood.Popen collects: (args, executable, env, cwd, stdin, stdout, stderr, input,
/// pass_fds, settings, retry, decoding). Fills `r`, whose objects stay those of `asked`.
brood::options read_options(const py::tuple& asked, request& r);

}  // namespace brood_python
