// Feeds by splice(2), which copies nothing, or by hand where a file system has no splice.
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <span>
#include <utility>

#include "exit.hpp"
#include "io.hpp"
#include "map/block_feed.hpp"

namespace cli {

block_feed::block_feed(const job_block& what)
    : file_(what.file), at_(what.from), left_(what.length) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw system_failure("pipe");
  reader_ = ends[0];
  writer_ = ends[1];
  ::fcntl(writer_, F_SETFL, O_NONBLOCK);  // our end only: the job's may block
  constexpr int room = 1 << 20;           // what an unprivileged user may have of one pipe
  ::fcntl(writer_, F_SETPIPE_SZ, room);
  if (left_ == 0) finish();
}

block_feed::~block_feed() {
  finish();
  ::close(reader_);
}

void block_feed::finish() {
  if (writer_ >= 0) ::close(std::exchange(writer_, -1));
}

/// \return bytes, 0 at the end of the file, or a negative errno.
std::int64_t block_feed::move_some() {
  constexpr std::uint64_t most = 1 << 20;
  const auto count = static_cast<std::size_t>(std::min(left_, most));
  if (splices_) {
    auto at = static_cast<off_t>(at_);
    const ssize_t n = ::splice(file_, &at, writer_, nullptr, count, SPLICE_F_NONBLOCK);
    if (n >= 0 || errno != EINVAL) return n < 0 ? -errno : n;
    splices_ = false;
  }
  std::array<char, 65536> block;
  const ssize_t had = read_at(file_, std::span(block).first(std::min(count, block.size())), at_);
  if (had <= 0) return had < 0 ? -errno : 0;
  const ssize_t n = ::write(writer_, block.data(), static_cast<std::size_t>(had));
  return n < 0 ? -errno : n;
}

void block_feed::move() {
  constexpr std::uint64_t most = 16 << 20;  // takes milliseconds: others have to get their turn
  for (const std::uint64_t began = at_; writer_ >= 0 && at_ - began < most;) {
    const std::int64_t n = move_some();
    if (n == -EINTR) continue;
    if (n == -EAGAIN) return;
    if (n < 0) throw system_failure("cannot pass the input of --pipe on", static_cast<int>(-n));
    if (n == 0) throw failure{"the input of --pipe became shorter while it was read"};
    at_ += static_cast<std::uint64_t>(n);
    left_ -= static_cast<std::uint64_t>(n);
    if (left_ == 0) finish();
  }
}

}  // namespace cli
