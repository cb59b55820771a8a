// What a child does between clone and exec, as flat data that is computed before either.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include <brood/error.hpp>

namespace brood::detail {

/// One thing the child does. Each is one or two raw system calls; none can allocate or lock.
enum class op : std::uint32_t {
  rendezvous,     ///< waits until a byte comes from a; b: the parent's end, closed here
  keep_fd,        ///< a: stays open over exec under its own number
  move_fd,        ///< a becomes b
  park_fd,        ///< a is copied aside, above b
  unpark_fd,      ///< the parked one becomes b
  open_file,      ///< the path at data, with the flags a and the mode c, becomes b; may block
  copy_fd,        ///< a, as the steps before made it, becomes b
  new_session,    ///< setsid
  process_group,  ///< setpgid(0, a)
  set_umask,      ///< a
  set_nice,       ///< a: the new niceness
  set_limit,      ///< resource a: soft c, hard d
  set_groups,     ///< the n numbers at data
  set_gid,        ///< a
  set_uid,        ///< a
  change_dir,     ///< the path at data
};

/// Which of the members a kind of step uses: step_table.hpp. Without padding, as it is sent.
struct step {
  op what;
  std::uint32_t n = 0;  ///< how many items there are at data; of a text, with its NUL
  int a = 0;
  int b = 0;
  std::uint64_t c = 0;
  std::uint64_t d = 0;
  const void* data = nullptr;
};

/// A plan as the child reads it: borrowed memory only.
struct plan_view {
  const char* const* programs;  ///< candidates in order, null-terminated
  char* const* argv;
  char* const* envp;
  const step* steps;
  std::uint32_t step_count;
  int program_fd = -1;     ///< executed instead of `programs` when >= 0
  bool portable = false;   ///< start it by fork(2), as the POSIX back end does
  bool close_fds = false;  ///< close all from 3 on that no step fills
  int cgroup_fd = -1;      ///< the directory of the control group (v2) to be born in; -1: ours
  std::uint64_t clone_flags = 0;  ///< added to those of the launch: namespaces
};

/// Where a child failed before exec.
struct child_error {
  constexpr child_error() noexcept = default;
  constexpr child_error(error_stage at, int why, std::uint32_t of_step) noexcept
      : os(why), step(of_step), stage(at) {}

  int os = 0;              ///< errno; 0: it did not fail
  std::uint32_t step = 0;  ///< index of the step that failed
  error_stage stage = error_stage::exec;
  std::uint8_t unused[7] = {};  // without padding, as it is sent
};

}  // namespace brood::detail
