// Descriptors: what only Linux has.
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>

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
  return above_standard(r);
}

int make_event(fd& event) noexcept {
  const int r =
      above_standard(call("eventfd", [] { return ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }));
  if (r >= 0) event.reset(r);
  return r;
}

void raise_event(int event) noexcept {
  // Not through the seam: a wake-up that got lost would be a hang, and this one does not. It fails
  // only where the event is raised already (EAGAIN, eventfd(2)).
  const int saved = errno;
  const std::uint64_t one = 1;
  (void)!::write(event, &one, sizeof one);
  errno = saved;
}

void clear_event(int event) noexcept {
  std::uint64_t count = 0;
  (void)read_some(event, &count, sizeof count);
}

int reopen(int number, int flags) noexcept {
  char path[32];
  std::snprintf(path, sizeof path, "/proc/self/fd/%d", number);
  return open_file(path, flags, 0);
}

int set_pipe_size(int number, int bytes) noexcept {
  return call("fcntl", [&] { return ::fcntl(number, F_SETPIPE_SZ, bytes); });
}

}  // namespace brood::detail::sys
