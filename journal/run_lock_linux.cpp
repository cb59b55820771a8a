// A live run holds an open file description lock (fcntl(2)) on the byte at its number's offset.
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "journal/error.hpp"
#include "journal/run_lock.hpp"

namespace journal {

namespace {

struct flock byte_of(std::int64_t run) {
  struct flock lock {};
  lock.l_type = F_WRLCK;
  lock.l_whence = SEEK_SET;
  lock.l_start = run;
  lock.l_len = 1;
  return lock;
}

}  // namespace

run_locks::run_locks(const folder& where, bool writable) : path_(where.path_of("lock")) {
  fd_ = where.open_file("lock", writable ? O_RDWR | O_CREAT : O_RDONLY, 0600);
  if (fd_ < 0 && writable) {
    throw error{"cannot open '" + path_ + "': " + std::strerror(errno) +
                "; --no-journal runs without a journal"};
  }
}

run_locks::~run_locks() {
  if (fd_ >= 0) ::close(fd_);
}

void run_locks::take(std::int64_t run) {
  struct flock lock = byte_of(run);
  if (::fcntl(fd_, F_OFD_SETLK, &lock) != 0) {
    throw error{"cannot lock '" + path_ + "': " + std::strerror(errno) +
                "; --no-journal runs without a journal"};
  }
}

bool run_locks::is_held(std::int64_t run) const {
  struct flock lock = byte_of(run);
  return fd_ >= 0 && ::fcntl(fd_, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

}  // namespace journal
