// Makes unnamed files, and copies from them by sendfile(2) where that works.
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>

#include "exit.hpp"
#include "io.hpp"
#include "spool.hpp"

namespace cli {

namespace {

using patience = brood::callback<bool()>;

bool copy_by_hand(int spool, std::uint64_t from, std::uint64_t length, int to,
                  const patience& go_on) {
  std::array<char, 65536> block;
  while (length > 0) {
    const auto part = static_cast<std::size_t>(std::min<std::uint64_t>(length, block.size()));
    const ssize_t n = read_at(spool, std::span(block).first(part), from);
    if (n == 0) return true;  // it was truncated meanwhile
    if (n < 0 || !write_all(to, {block.data(), static_cast<std::size_t>(n)}, go_on)) return false;
    from += static_cast<std::uint64_t>(n);
    length -= static_cast<std::uint64_t>(n);
  }
  return true;
}

}  // namespace

std::string spool_folder() {
  const char* dir = ::getenv("TMPDIR");
  return dir != nullptr && *dir != '\0' ? dir : "/tmp";
}

int make_spool(bool append) {
  const int mode = append ? O_APPEND : 0;
  std::string path = spool_folder();
  int spool = ::open(path.c_str(), O_TMPFILE | O_RDWR | mode | O_CLOEXEC, 0600);
  if (spool < 0 &&
      (errno == EOPNOTSUPP || errno == EISDIR)) {  // the file system has no unnamed files
    path += "/brood-XXXXXX";
    spool = ::mkostemp(path.data(), mode | O_CLOEXEC);
    if (spool >= 0) ::unlink(path.c_str());
  }
  // Nowhere to write, as in a container with a read-only root: memory is better than nothing.
  const bool no_place = errno == EROFS || errno == EACCES || errno == ENOENT || errno == ENOTDIR;
  if (spool < 0 && no_place) {
    spool = ::memfd_create("brood-output", MFD_CLOEXEC);
    if (spool >= 0 && append) (void)::fcntl(spool, F_SETFL, O_APPEND);
  }
  if (spool < 0) throw system_failure("open '" + path + "'");
  return spool;
}

bool copy_range(int spool, std::uint64_t from, std::uint64_t length, int to,
                const patience& go_on) {
  constexpr std::uint64_t most = 1
                                 << 24;  // 16 MiB take milliseconds, so a signal is noticed in time
  auto at = static_cast<off_t>(from);
  while (length > 0) {
    const auto part = static_cast<std::size_t>(std::min(length, most));
    const ssize_t n = ::sendfile(to, spool, &at, part);
    if (n == 0) return true;
    if (n > 0) {
      length -= static_cast<std::uint64_t>(n);
    } else if (errno == EINVAL || errno == ENOSYS) {  // append mode, some terminals
      return copy_by_hand(spool, static_cast<std::uint64_t>(at), length, to, go_on);
    } else if (errno == EAGAIN) {
      pollfd ready{to, POLLOUT, 0};
      ::poll(&ready, 1, 1000);
    } else if (errno != EINTR || (go_on && !go_on())) {
      return false;
    }
  }
  return true;
}

}  // namespace cli
