// `--halt`: when a batch gives up, or has done enough.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

namespace cli {

/// How the jobs have ended so far.
struct tally {
  std::uint64_t done = 0;    ///< ended for good, in whatever way
  std::uint64_t failed = 0;  ///< of `done`
};

struct halt_policy {
  enum class moment : unsigned char {
    never,
    soon,  ///< start no more jobs
    now,   ///< and stop those that run
  };
  enum class kind : unsigned char { fail, success, done };

  moment when = moment::never;
  kind what = kind::fail;
  double number = 1;
  bool percent = false;

  /// A share counts once three jobs have ended.
  bool reached(const tally& t) const;
};

/// "never", "now,fail=1", "soon,done=50%". Errors: failure.
halt_policy parse_halt(std::string_view text);

}  // namespace cli
