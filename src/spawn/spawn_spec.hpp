// What to start, after validation: every name resolved to a number, every default filled in.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace brood::detail {

/// Child descriptor `to` becomes the parent's `from`.
struct fd_move {
  int from;
  int to;
};

struct limit_request {
  int resource;  ///< RLIMIT_*
  std::uint64_t soft;
  std::uint64_t hard;
};

/// Input of make_plan(). Strings that `args` and `env` point to are borrowed.
struct spawn_spec {
  std::vector<const char*> args;      ///< without the null at the end
  std::string program;                ///< as the caller named it
  std::vector<std::string> programs;  ///< candidates for execve, in order
  std::vector<std::string> env;       ///< NAME=value; unused if inherit_env
  bool inherit_env = true;
  std::string cwd;             ///< empty: unchanged
  std::vector<fd_move> moves;  ///< streams and mapped descriptors
  std::vector<int> keep;       ///< stay open under their own numbers
  bool close_fds = true;
  bool new_session = false;
  std::optional<int> process_group;
  std::optional<unsigned> umask;
  std::optional<int> nice;  ///< absolute
  std::vector<limit_request> limits;
  std::optional<std::vector<unsigned>> groups;
  std::optional<unsigned> gid;
  std::optional<unsigned> uid;
  bool portable = false;  ///< the POSIX back end
};

}  // namespace brood::detail
