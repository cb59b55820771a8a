// The guardian's program: embedded in the library, and installed beside it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include <brood/error.hpp>

#include "sys/fd.hpp"

namespace brood::detail {

/// A system call that was refused, and its errno.
struct refused_call {
  const char* call = "";
  int os = 0;
};

/// The program in a memory file to execute, or why there is none.
struct guardian_image {
  sys::fd file;
  refused_call refusal;
};
guardian_image guardian_file() noexcept;

/// Where the program is looked for on hosts on which a memory file cannot be had or executed:
/// beside the executable or the module that has us, then where the install put it.
std::vector<std::string> guardian_paths();

/// Why there is no guardian: which call was refused, and the paths that were looked at. Errors of a
/// shortage are just that.
error guardian_refused(const refused_call& why);

}  // namespace brood::detail
