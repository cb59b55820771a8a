// Descriptors: what only Linux has.
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/mman.h>

#include "sys/call.hpp"
#include "sys/fd.hpp"

namespace brood::detail::sys {

int make_memory_file(const char* name) noexcept {
  // MFD_EXEC (Linux 6.3): without it a host with vm.memfd_noexec=1 makes the file unexecutable.
  constexpr unsigned may_execute = 0x0010U;
  int r = call("memfd_create", [&] { return ::memfd_create(name, MFD_CLOEXEC | may_execute); });
  if (r == -EINVAL) {
    r = call("memfd_create", [&] { return ::memfd_create(name, MFD_CLOEXEC); });
  }
  if (r < 0 || r > 2) return r;
  const int moved = dup_above(r, 3);
  close_fd(r);
  return moved;
}

int set_pipe_size(int number, int bytes) noexcept {
  return call("fcntl", [&] { return ::fcntl(number, F_SETPIPE_SZ, bytes); });
}

}  // namespace brood::detail::sys
