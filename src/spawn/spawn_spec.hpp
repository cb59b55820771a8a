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

/// A file that the child opens as its descriptor `to`: so it may block (a FIFO, a server that is
/// gone) without blocking us. A relative path starts from our directory; our umask applies.
struct open_request {
  std::string path;
  int flags;
  unsigned mode;
  int to;
};

/// Two ends of a connection: the child waits at the first step until something is written to
/// `ours`, or ends with ECANCELED once that is closed. See class rendezvous.
struct rendezvous_ends {
  int theirs;
  int ours;
};

struct limit_request {
  int resource;  ///< RLIMIT_*
  std::uint64_t soft;
  std::uint64_t hard;
};

/// What plan is made of.
struct spawn_spec {
  std::vector<std::string> args;
  std::string program;                ///< as the caller named it
  std::vector<std::string> programs;  ///< candidates for execve, in order
  std::vector<std::string> env;       ///< NAME=value; unused if inherit_env...
  bool inherit_env = true;            ///< ...which takes what the environment is then
  std::string cwd;                    ///< empty: unchanged
  std::vector<fd_move> moves;         ///< streams and mapped descriptors
  std::vector<int> keep;              ///< stay open under their own numbers
  std::vector<open_request> opens;    ///< after the moves
  std::vector<fd_move> copies;        ///< after the opens, in this order: `from` is the child's
  bool close_fds = true;
  bool new_session = false;
  std::optional<int> process_group;
  std::optional<unsigned> umask;
  std::optional<int> nice;  ///< absolute
  std::vector<limit_request> limits;
  std::optional<std::vector<unsigned>> groups;
  std::optional<unsigned> gid;
  std::optional<unsigned> uid;
  bool portable = false;          ///< the POSIX back end
  std::uint64_t clone_flags = 0;  ///< CLONE_NEW*
  int cgroup_fd = -1;             ///< the directory of a control group (v2) to be born in
  std::optional<rendezvous_ends> rendezvous;
};

}  // namespace brood::detail
