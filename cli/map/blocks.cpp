// Reads ahead by one block and finds where its last record ends.
// SPDX-License-Identifier: Apache-2.0
#include "map/blocks.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "exit.hpp"

namespace cli {

namespace {

constexpr std::size_t npos = std::string_view::npos;

/// What stands where one record ends and the next one begins.
std::string pattern_of(const block_format& f) { return f.end + f.start; }

std::size_t first_border(std::string_view text, const block_format& f, std::size_t from) {
  const std::size_t at = text.find(pattern_of(f), from);
  return at == npos ? npos : at + f.end.size();
}

/// The last border of two records that is not beyond `most`, and not 0; npos: there is none.
std::size_t last_border(std::string_view text, const block_format& f, std::size_t most) {
  if (most < f.end.size()) return npos;
  const std::size_t at = text.rfind(pattern_of(f), most - f.end.size());
  return at == npos || at + f.end.size() == 0 ? npos : at + f.end.size();
}

class blocks final : public job_source {
 public:
  blocks(int fd, bool owned, std::string name, block_format f)
      : fd_(fd), owned_(owned), name_(std::move(name)), format_(std::move(f)) {}
  ~blocks() override {
    if (owned_) ::close(fd_);
  }

  got next(map_job& to) override {
    for (;;) {
      const bool worth = ended_ || format_.records > 0 || buffer_.size() >= format_.bytes;
      const std::size_t n = worth ? find_block(buffer_, format_, ended_) : 0;
      if (n > 0) {
        to.seq = ++seq_;
        to.block = buffer_.substr(0, n);
        buffer_.erase(0, n);
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
  void read_more() {
    constexpr std::size_t most = 256 << 10;
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
  std::string buffer_;
  bool ended_ = false;
  int reads_ = 0;  // since the last got::wait
  std::uint64_t seq_ = 0;
};

}  // namespace

std::size_t find_block(std::string_view text, const block_format& f, bool ended) {
  if (text.empty()) return 0;
  std::size_t border = npos;
  if (f.records > 0) {
    std::size_t from = 0;
    std::uint64_t found = 0;
    while (found < f.records) {
      border = first_border(text, f, from);
      if (border == npos) break;
      from = f.end.empty() ? border + 1 : border;
      if (border > 0) ++found;
    }
  } else {
    const auto most = static_cast<std::size_t>(std::min<std::uint64_t>(text.size(), f.bytes));
    if (ended && text.size() <= most) return text.size();
    border = last_border(text, f, most);
    if (border == npos)
      border = first_border(text, f, std::max<std::size_t>(1, most - std::min(most, f.end.size())));
    if (border == 0) border = npos;
  }
  if (border != npos) return border;
  return ended ? text.size() : 0;
}

std::unique_ptr<job_source> block_jobs(const std::string& path, block_format f) {
  if (f.end.empty() && f.start.empty()) {
    throw failure{"map: --pipe: --recend and --recstart are both empty"};
  }
  if (path == "-") return std::make_unique<blocks>(STDIN_FILENO, false, "stdin", std::move(f));
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) throw system_failure("open '" + path + "'");
  return std::make_unique<blocks>(fd, true, path, std::move(f));
}

}  // namespace cli
