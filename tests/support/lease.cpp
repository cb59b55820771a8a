// Leases on programs.
// SPDX-License-Identifier: Apache-2.0
#include "support/lease.hpp"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <utility>

#include "support/files.hpp"

namespace support {

held_program::held_program(const std::string& program, const std::string& copy) : path_(copy) {
  write_file(path_, read_file(program), 0755);
  fd_ = ::open(path_.c_str(), O_RDONLY | O_CLOEXEC);
  // SIGIO would end us when somebody waits; SIGURG is ignored by default.
  const bool quiet = ::fcntl(fd_, F_SETSIG, SIGURG) == 0;
  if (!quiet || ::fcntl(fd_, F_SETLEASE, F_WRLCK) != 0) release();
}

held_program::~held_program() { release(); }

void held_program::release() {
  if (fd_ < 0) return;
  (void)::fcntl(fd_, F_SETLEASE, F_UNLCK);
  ::close(std::exchange(fd_, -1));
}

}  // namespace support
