// Reads a running job's output and cuts it into lines.
// SPDX-License-Identifier: Apache-2.0
#include "map/live.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <utility>

#include "exit.hpp"
#include "io.hpp"
#include "spool.hpp"

namespace cli {

namespace {

// A longer line goes on in a file. Longer than any line that is meant for people.
constexpr std::size_t longest_in_memory = 256 << 10;

}  // namespace

live_stream::live_stream(int to) : to_(to) {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) throw system_failure("pipe");
  reader_ = ends[0];
  writer_ = ends[1];
  ::fcntl(reader_, F_SETFL, O_NONBLOCK);  // our end only: the job's may block
}

live_stream::~live_stream() {
  for (const int fd : {reader_, writer_, overlong_}) {
    if (fd >= 0) ::close(fd);
  }
}

void live_stream::read(printer& p, std::uint64_t seq, std::string_view tag, bool ended) {
  std::array<char, 65536> block;
  for (;;) {
    const ssize_t n = ::read(reader_, block.data(), block.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) break;
    take(p, seq, tag, {block.data(), static_cast<std::size_t>(n)});
    if (!ended) return;  // other jobs have to get their turn
  }
  if (ended) show_begun(p, seq);
}

void live_stream::take(printer& p, std::uint64_t seq, std::string_view tag, std::string_view text) {
  bytes_ += text.size();
  std::string ready;
  while (!text.empty()) {
    if (begun_.empty() && overlong_size_ == 0) begun_ = tag;
    const std::size_t end = text.find('\n');
    const std::size_t length = end == text.npos ? text.size() : end + 1;
    begun_ += text.substr(0, length);
    text.remove_prefix(length);
    if (end == text.npos) break;
    last_line_.assign(begun_, 0, std::min<std::size_t>(begun_.size() - 1, 256));
    if (overlong_size_ > 0) {
      p.show(seq, std::exchange(ready, {}), to_);
      show_begun(p, seq);
    } else if (ready.empty()) {
      ready = std::exchange(begun_, {});
    } else {
      ready += begun_;
      begun_.clear();
    }
  }
  p.show(seq, ready, to_);
  if (begun_.size() <= longest_in_memory) return;
  if (overlong_ < 0) overlong_ = make_spool();
  if (!write_all(overlong_, begun_)) {
    throw system_failure("cannot write below '" + spool_folder() + "'");
  }
  overlong_size_ += begun_.size();
  begun_.clear();
}

void live_stream::show_begun(printer& p, std::uint64_t seq) {
  if (overlong_size_ > 0) {
    p.show(seq, extent{overlong_, 0, overlong_size_}, to_);
    (void)!::ftruncate(overlong_, 0);
    overlong_size_ = 0;
  }
  p.show(seq, begun_, to_);
  begun_.clear();
}

}  // namespace cli
