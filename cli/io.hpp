// Writing for people and pipes: whole texts to descriptors, without iostreams and their start-up.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <brood/callback.hpp>

#include "bytes.hpp"

namespace cli {

/// All of it, or false with errno set. A descriptor that somebody made non-blocking is waited for.
/// \param go_on  asked after an interruption by a signal; empty: yes.
inline bool write_all(int fd, std::string_view text, const brood::callback<bool()>& go_on = {}) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd, text.data(), text.size());
    if (n >= 0) {
      text.remove_prefix(static_cast<std::size_t>(n));
    } else if (errno == EAGAIN) {
      pollfd ready{fd, POLLOUT, 0};
      ::poll(&ready, 1, 1000);
    } else if (errno != EINTR || (go_on && !go_on())) {
      return false;
    }
  }
  return true;
}

/// Reads from `offset` on until `to` is full or the file ends. \return how much, or -1 with errno
/// set.
inline ssize_t read_at(int fd, std::span<char> to, std::uint64_t offset) {
  std::size_t have = 0;
  while (have < to.size()) {
    const ssize_t n =
        ::pread(fd, to.data() + have, to.size() - have, static_cast<off_t>(offset + have));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return n;
    if (n == 0) break;
    have += static_cast<std::size_t>(n);
  }
  return static_cast<ssize_t>(have);
}

/// Text of ours as it is, but on a terminal as one line on which that does not act.
inline std::string shown_on(int fd, std::string text) {
  return ::isatty(fd) == 1 ? printable(text) : text;
}

/// One line of diagnostics, whatever is in the text. Where stderr is gone there is nobody to tell.
inline void complain(std::string_view text) {
  write_all(STDERR_FILENO, "brood: " + printable(text) + "\n");
}

}  // namespace cli
