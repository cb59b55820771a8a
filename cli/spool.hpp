// Unnamed files that hold output until it is shown, and vanish with the process that has them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include <brood/callback.hpp>

namespace cli {

/// Makes a file below $TMPDIR or /tmp, or else in memory, open for reading and writing. Errors:
/// failure.
int make_spool(bool append = true);
/// Where make_spool() puts them.
std::string spool_folder();

/// Copies the bytes from `from` to `from + length` of the file `spool` to `to`, in the kernel where
/// possible. \return false, with errno set, on failure. \param go_on  as for write_all().
bool copy_range(int spool, std::uint64_t from, std::uint64_t length, int to,
                const brood::callback<bool()>& go_on = {});

}  // namespace cli
