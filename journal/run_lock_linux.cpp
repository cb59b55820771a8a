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

struct flock byte_of(std::int64_t run, short type = F_WRLCK) {
  struct flock lock {};
  lock.l_type = type;
  lock.l_whence = SEEK_SET;
  lock.l_start = run;
  lock.l_len = 1;
  return lock;
}

}  // namespace

run_locks::run_locks(const folder& where, bool writable) : path_(where.path_of("lock")) {
  fd_ = where.open_file("lock", writable ? O_RDWR | O_CREAT : O_RDONLY, 0600);
  if (fd_ < 0 && writable) {
    throw unavailable{"cannot open '" + path_ + "': " + std::strerror(errno)};
  }
  try {
    check();
  } catch (...) {
    ::close(fd_);
    throw;
  }
}

/// SQLite takes a file system without locks for one where somebody holds them, and waits. No run
/// has the number 0, and for locks of this kind all of a process are one owner.
void run_locks::check() const {
  if (fd_ < 0) return;
  struct flock lock = byte_of(0, F_RDLCK);
  if (::fcntl(fd_, F_SETLK, &lock) != 0 && errno != EACCES && errno != EAGAIN) {
    throw unavailable{"the file system of '" + path_ + "' has no file locks (" +
                      std::strerror(errno) + "), which a journal needs"};
  }
  lock.l_type = F_UNLCK;
  ::fcntl(fd_, F_SETLK, &lock);
}

run_locks::~run_locks() {
  if (fd_ >= 0) ::close(fd_);
}

void run_locks::take(std::int64_t run) {
  struct flock lock = byte_of(run);
  if (::fcntl(fd_, F_OFD_SETLK, &lock) != 0) {
    throw unavailable{"cannot lock '" + path_ + "': " + std::strerror(errno)};
  }
}

bool run_locks::is_held(std::int64_t run) const {
  struct flock lock = byte_of(run);
  return fd_ >= 0 && ::fcntl(fd_, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
}

}  // namespace journal
