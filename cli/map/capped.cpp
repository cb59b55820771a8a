// Keeps the head and a ring of the tail of a stream in a file.
// SPDX-License-Identifier: Apache-2.0
#include "map/capped.hpp"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>

namespace cli {

namespace {

std::uint64_t tail_of(const brood::output_limit& limit) {
  if (limit.policy == brood::overflow::keep_tail) return limit.bytes;
  return limit.policy == brood::overflow::keep_head_tail ? limit.bytes / 2 : 0;
}

}  // namespace

capped_file::capped_file(int file, const brood::output_limit& limit)
    : file_(file),
      is_error_(limit.policy == brood::overflow::error),
      head_(limit.bytes - tail_of(limit)),
      ring_(tail_of(limit)) {}

void capped_file::put(std::string_view bytes, std::uint64_t at) {
  while (!bytes.empty()) {
    const ssize_t n = ::pwrite(file_, bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      failed_ = errno;
      return;
    }
    bytes.remove_prefix(static_cast<std::size_t>(n));
    at += static_cast<std::uint64_t>(n);
  }
}

void capped_file::add(std::string_view bytes) {
  if (total_ < head_) {
    const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(head_ - total_, bytes.size()));
    put(bytes.substr(0, n), total_);
    total_ += n;
    bytes.remove_prefix(n);
  }
  if (bytes.empty()) return;
  if (is_error_) exceeded_ = true;
  if (ring_ > 0 &&
      bytes.size() > ring_) {  // more than the ring holds: only the last of it would stay
    total_ += bytes.size() - ring_;
    bytes.remove_prefix(bytes.size() - static_cast<std::size_t>(ring_));
  }
  while (!bytes.empty() && ring_ > 0) {
    const std::uint64_t at = (total_ - head_) % ring_;
    const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(ring_ - at, bytes.size()));
    put(bytes.substr(0, n), head_ + at);
    total_ += n;
    bytes.remove_prefix(n);
  }
  total_ += bytes.size();
}

std::vector<extent> capped_file::parts() const {
  std::vector<extent> all;
  all.push_back({file_, 0, std::min(total_, head_)});
  if (total_ <= head_ || ring_ == 0) return all;
  const std::uint64_t tail = total_ - head_;
  if (tail <= ring_) {
    all.push_back({file_, head_, tail});
  } else {
    const std::uint64_t begin = tail % ring_;
    all.push_back({file_, head_ + begin, ring_ - begin});
    all.push_back({file_, head_, begin});
  }
  return all;
}

std::uint64_t capped_file::omitted() const {
  return total_ - std::min(total_, head_) - std::min(total_ - std::min(total_, head_), ring_);
}

}  // namespace cli
