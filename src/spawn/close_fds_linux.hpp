// Closing what is open from 3 on, but for some: by raw system calls, for the child and the
// guardian. SPDX-License-Identifier: Apache-2.0
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/syscall.h>

#include <cstdint>

#include "spawn/raw_call_linux.hpp"

namespace brood::detail {

inline constexpr unsigned no_fd = ~0U;

/// As getdents64(2) fills it in.
struct kernel_dirent {
  std::uint64_t inode;
  std::int64_t next;
  std::uint16_t size;
  std::uint8_t type;
  char name[1];
};

/// The number that `name` is; no_fd: it is none, as "." and "..".
inline unsigned to_fd(const char* name) noexcept {
  unsigned number = 0;
  for (; *name >= '0' && *name <= '9'; ++name) {
    number = number * 10 + static_cast<unsigned>(*name - '0');
  }
  return *name == '\0' ? number : no_fd;
}

/// The list of what this process has open, as a descriptor. Where none is to be had, those that
/// are to be closed anyway make room.
template <class Kept>
long open_fd_list(Kept kept) noexcept {
  constexpr unsigned enough = 65536;
  constexpr long flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
  for (unsigned number = 3;; ++number) {
    const long list = raw_call(SYS_openat, AT_FDCWD, "/proc/self/fd", flags, 0L);
    if (list != -EMFILE) return list;
    while (number < enough && (kept(number) || raw_call(SYS_close, static_cast<long>(number)) < 0))
      ++number;
    if (number == enough) return list;
  }
}

/// By what /proc/self/fd lists. False: there is no such list, or it is another process's.
template <class Kept>
bool close_listed(Kept kept) noexcept {
  const long list = open_fd_list(kept);
  if (list < 0) return false;
  alignas(kernel_dirent) char entries[1024];
  bool lists_itself = false;
  long size = 0;
  while ((size = raw_call(SYS_getdents64, list, entries, long{sizeof entries})) > 0) {
    for (long at = 0; at < size;) {
      const auto& entry = *reinterpret_cast<const kernel_dirent*>(entries + at);
      at += entry.size;
      const unsigned number = to_fd(entry.name);
      if (number == no_fd || number < 3) continue;
      if (static_cast<long>(number) == list) {
        lists_itself = true;
      } else if (!kept(number)) {
        raw_call(SYS_close, static_cast<long>(number));
      }
    }
  }
  raw_call(SYS_close, list);
  return lists_itself && size == 0;
}

/// Without /proc: up to what may be open. The limit may have been lowered since, hence `usual`.
template <class Kept>
long close_by_number(Kept kept) noexcept {
  constexpr std::uint64_t usual = 65536;
  constexpr std::uint64_t most = 1048576;  // the default of fs.nr_open
  rlimit files{};
  const long r = raw_call(SYS_prlimit64, 0, RLIMIT_NOFILE, nullptr, &files);
  if (r < 0) return r;
  std::uint64_t end = files.rlim_cur < usual ? usual : files.rlim_cur;
  if (end > most) end = most;
  for (unsigned number = 3; number < end; ++number) {
    if (!kept(number)) raw_call(SYS_close, static_cast<long>(number));
  }
  return 0;
}

/// Close all from 3 on but those that next_kept(n), the lowest of them from n on, goes through;
/// after the last it says no_fd. 0 or the negative errno.
template <class NextKept>
long close_all_but(NextKept next_kept) noexcept {
  for (unsigned from = 3;;) {
    const unsigned kept = next_kept(from);
    const unsigned to = kept == no_fd ? no_fd : kept - 1;
    if (kept > from &&
        raw_call(SYS_close_range, static_cast<long>(from), static_cast<long>(to), 0L) < 0)
      break;
    if (kept == no_fd) return 0;
    from = kept + 1;
  }
  // Linux before 5.9, or a filter.
  const auto is_kept = [&](unsigned number) { return next_kept(number) == number; };
  return close_listed(is_kept) ? 0 : close_by_number(is_kept);
}

}  // namespace brood::detail
