// Unnamed files that hold output until it is shown: nothing of them stays behind, whatever happens.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>

#include <brood/callback.hpp>

namespace cli {

/// A new one below $TMPDIR or /tmp, open for reading and writing. Errors: failure.
int make_spool(bool append = true);
/// Where make_spool() puts them.
std::string spool_folder();

/// Bytes `from` to `from + length` of the file `spool` to `to`, without passing through memory
/// where the system can. \return false, with errno set. \param go_on  as for write_all().
bool copy_range(int spool, std::uint64_t from, std::uint64_t length, int to,
                const brood::callback<bool()>& go_on = {});

}  // namespace cli
