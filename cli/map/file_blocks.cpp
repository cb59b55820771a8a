// Looks for the ends of blocks in windows of a file, backwards from where a block should end.
// SPDX-License-Identifier: Apache-2.0
#include "map/file_blocks.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <span>
#include <utility>

#include "exit.hpp"
#include "io.hpp"

namespace cli {

namespace {

constexpr std::size_t window = 256 << 10;

std::uint64_t size_of(int fd) {
  struct stat about {};
  return ::fstat(fd, &about) == 0 ? static_cast<std::uint64_t>(about.st_size) : 0;
}

class file_blocks final : public job_source {
 public:
  file_blocks(int fd, bool owned, std::string name, block_format f)
      : fd_(fd),
        owned_(owned),
        name_(std::move(name)),
        format_(std::move(f)),
        border_(format_.end + format_.start),
        begin_(static_cast<std::uint64_t>(std::max<off_t>(::lseek(fd, 0, SEEK_CUR), 0))) {}
  ~file_blocks() override {
    if (owned_) ::close(fd_);
  }

  /// A step is a read of a window. Between so many of them the caller looks for signals.
  got next(map_job& to) override {
    for (int steps = 0; steps < most_reads_at_once; ++steps) {
      if (!searching_ && !begin_search()) return got::end;
      if (!end_) {
        find_end();
      } else if (format_.hashed && hashed_ < *end_) {
        hash_more();
      } else {
        give(to);
        return got::one;
      }
    }
    return got::wait;
  }
  int waits_for() const override { return fd_; }

 private:
  /// False: the file has ended.
  bool begin_search() {
    size_ = size_of(fd_);
    if (begin_ >= size_) return false;
    searching_ = true;
    end_.reset();
    hashed_ = begin_;
    hash_ = {};
    found_ = 0;
    const std::uint64_t length = size_ - begin_;
    backwards_ = format_.records == 0;
    from_ = begin_;
    if (!backwards_) return true;
    if (length <= format_.bytes) {
      end_ = size_;
      return true;
    }
    const std::uint64_t target = begin_ + format_.bytes;
    const std::uint64_t last = target - std::min<std::uint64_t>(format_.bytes, format_.end.size());
    until_ = last + 1;
    after_ = std::max(begin_ + 1, last);
    if (format_.bytes < format_.end.size()) go_forwards();
    return true;
  }

  void go_forwards() {
    backwards_ = false;
    from_ = after_;
  }

  void find_end() {
    if (backwards_) return look_back();
    const std::string_view text = read(from_, window + border_.size() - 1);
    std::size_t seen = 0;
    for (std::size_t at = text.find(border_); at != text.npos; at = text.find(border_, seen)) {
      const std::uint64_t border = from_ + at + format_.end.size();
      if (border > begin_ && (format_.records == 0 || ++found_ == format_.records)) {
        end_ = border;
        return;
      }
      seen = at + std::max<std::size_t>(format_.end.size(), 1);
    }
    if (from_ + text.size() >= size_) {
      end_ = size_;
      return;
    }
    from_ += std::max(seen, text.size() - (border_.size() - 1));
  }

  /// Borders that begin before `until_`.
  void look_back() {
    const std::uint64_t from = until_ - std::min<std::uint64_t>(until_ - begin_, window);
    const auto count = static_cast<std::size_t>(until_ - from);
    const std::string_view text = read(from, count + border_.size() - 1);
    const std::size_t at = text.rfind(border_, count - 1);
    if (at != text.npos && from + at + format_.end.size() > begin_) {
      end_ = from + at + format_.end.size();
    } else if (from == begin_) {
      go_forwards();
    } else {
      until_ = from;
    }
  }

  void hash_more() {
    const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(window, *end_ - hashed_));
    const std::string_view text = read(hashed_, n);
    if (text.size() < n) throw failure{"'" + name_ + "' became shorter while it was read"};
    hash_.add(text);
    hashed_ += n;
  }

  void give(map_job& to) {
    to.seq = ++seq_;
    to.block.emplace();
    to.block->file = fd_;
    to.block->from = begin_;
    to.block->length = *end_ - begin_;
    if (format_.hashed) to.block->digest = hash_.key();
    begin_ = *end_;
    (void)::lseek(fd_, static_cast<off_t>(begin_), SEEK_SET);
    searching_ = false;
  }

  /// Up to `most` bytes at `from`; fewer at the end of the file.
  std::string_view read(std::uint64_t from, std::size_t most) {
    buffer_.resize(most);
    const ssize_t n = read_at(fd_, std::span(buffer_), from);
    if (n < 0) throw system_failure("read '" + name_ + "'");
    return std::string_view(buffer_).substr(0, static_cast<std::size_t>(n));
  }

  int fd_;
  bool owned_;
  std::string name_;
  block_format format_;
  std::string border_;
  std::string buffer_;
  std::uint64_t size_ = 0;
  std::uint64_t begin_;  // of the block that is looked for
  std::uint64_t seq_ = 0;

  // The search for its end
  bool searching_ = false;
  std::optional<std::uint64_t> end_;
  bool backwards_ = false;
  std::uint64_t until_ = 0;  // backwards
  std::uint64_t after_ = 0;  // where to go on forwards
  std::uint64_t from_ = 0;   // forwards
  std::uint64_t found_ = 0;  // records
  std::uint64_t hashed_ = 0;
  journal::content_hash hash_;
};

}  // namespace

bool can_be_cut(int fd) {
  struct stat about {};
  return ::fstat(fd, &about) == 0 && S_ISREG(about.st_mode) && about.st_size > 0 &&
         ::lseek(fd, 0, SEEK_CUR) >= 0;
}

std::unique_ptr<job_source> file_block_jobs(int fd, bool owned, std::string name, block_format f) {
  return std::make_unique<file_blocks>(fd, owned, std::move(name), std::move(f));
}

}  // namespace cli
