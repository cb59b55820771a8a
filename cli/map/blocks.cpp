// Reads a stream ahead by one block, and finds where its last record ends.
// SPDX-License-Identifier: Apache-2.0
#include "map/blocks.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "exit.hpp"
#include "map/file_blocks.hpp"

namespace cli {

namespace {

constexpr std::size_t npos = std::string_view::npos;

class stream_blocks final : public job_source {
 public:
  stream_blocks(int fd, bool owned, std::string name, block_format f)
      : fd_(fd), owned_(owned), name_(std::move(name)), format_(std::move(f)), finder_(format_) {}
  ~stream_blocks() override {
    if (owned_) ::close(fd_);
  }

  got next(map_job& to) override {
    for (;;) {
      if (const std::size_t n = finder_.find(std::string_view(buffer_).substr(begin_), ended_)) {
        to.seq = ++seq_;
        to.block.emplace();
        to.block->text = take(n);
        to.block->length = n;
        if (format_.hashed) {
          journal::content_hash hash;
          hash.add(to.block->text);
          to.block->digest = hash.key();
        }
        return got::one;
      }
      if (ended_) return got::end;
      pollfd p{fd_, POLLIN, 0};
      if (++reads_ > most_reads_at_once || ::poll(&p, 1, 0) == 0) {
        reads_ = 0;
        return got::wait;
      }
      read_more();
    }
  }
  int waits_for() const override { return fd_; }

 private:
  /// Copies the smaller part: the block, or what comes after it.
  std::string take(std::size_t n) {
    finder_.next();
    if (begin_ > 0 || n < buffer_.size() - n) {
      std::string block = buffer_.substr(begin_, n);
      begin_ += n;
      return block;
    }
    std::string rest = buffer_.substr(n);
    buffer_.resize(n);
    return std::exchange(buffer_, std::move(rest));
  }

  void read_more() {
    constexpr std::size_t most = 256 << 10;
    buffer_.erase(0, begin_);
    begin_ = 0;
    const std::size_t had = buffer_.size();
    buffer_.resize(had + most);
    ssize_t n = 0;
    do n = ::read(fd_, buffer_.data() + had, most);
    while (n < 0 && errno == EINTR);
    buffer_.resize(had + static_cast<std::size_t>(std::max<ssize_t>(n, 0)));
    if (n < 0 && errno != EAGAIN) throw system_failure("read '" + name_ + "'");
    ended_ = n == 0;
  }

  int fd_;
  bool owned_;
  std::string name_;
  block_format format_;
  block_finder finder_;
  std::string buffer_;
  std::size_t begin_ = 0;  // of the next block
  bool ended_ = false;
  int reads_ = 0;  // since the last got::wait
  std::uint64_t seq_ = 0;
};

}  // namespace

/// Behind the next border from `from_` on; npos: there is none yet.
std::size_t block_finder::next_border(std::string_view text) {
  const std::size_t at = text.find(border_, from_);
  if (at != npos) return at + format_.end.size();
  // A border may have begun.
  if (text.size() >= border_.size()) from_ = std::max(from_, text.size() - border_.size() + 1);
  return npos;
}

std::size_t block_finder::find_records(std::string_view text) {
  for (;;) {
    const std::size_t border = next_border(text);
    if (border == npos) return npos;
    from_ = format_.end.empty() ? border + 1 : border;
    if (border > 0 && ++found_ == format_.records) return border;
  }
}

/// The last border within the size of a block, otherwise the first one after that.
std::size_t block_finder::find_bytes(std::string_view text) {
  if (!looked_back_) {
    const auto most = static_cast<std::size_t>(std::min<std::uint64_t>(text.size(), format_.bytes));
    const std::size_t last = most - std::min(most, format_.end.size());
    const std::size_t at = text.substr(0, last + border_.size()).rfind(border_, last);
    const std::size_t border =
        at == npos || most < format_.end.size() ? 0 : at + format_.end.size();
    if (border > 0) return border;
    looked_back_ = true;
    from_ = std::max<std::size_t>(1, last);
  }
  return next_border(text);
}

std::size_t block_finder::find(std::string_view text, bool ended) {
  if (text.empty()) return 0;
  if (format_.records == 0 && text.size() <= format_.bytes &&
      (ended || text.size() < format_.bytes)) {
    return ended ? text.size() : 0;
  }
  const std::size_t border = format_.records > 0 ? find_records(text) : find_bytes(text);
  if (border != npos) return border;
  return ended ? text.size() : 0;
}

void block_finder::next() {
  from_ = 0;
  found_ = 0;
  looked_back_ = false;
}

std::size_t find_block(std::string_view text, const block_format& f, bool ended) {
  return block_finder(f).find(text, ended);
}

std::unique_ptr<job_source> block_jobs(const std::string& path, block_format f) {
  if (f.end.empty() && f.start.empty()) {
    throw failure{"map: --pipe: --recend and --recstart are both empty"};
  }
  const bool is_stdin = path == "-";
  const int fd = is_stdin ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) throw system_failure("open '" + path + "'");
  const std::string name = is_stdin ? "stdin" : path;
  if (can_be_cut(fd)) return file_block_jobs(fd, !is_stdin, name, std::move(f));
  return std::make_unique<stream_blocks>(fd, !is_stdin, name, std::move(f));
}

}  // namespace cli
