// Keeping the head, the tail or both of a stream, or spilling it to a file.
// SPDX-License-Identifier: Apache-2.0
#include "stream/collector.hpp"

#include <fcntl.h>

#include <algorithm>

namespace brood::detail {

collector::collector(output_limit limit, std::string_view suffix) : limit_(std::move(limit)) {
  if (limit_.policy == overflow::spill) limit_.spill_path += suffix;
  switch (limit_.policy) {
    case overflow::error:
    case overflow::keep_head:
    case overflow::spill:
      head_room_ = limit_.bytes;
      break;
    case overflow::keep_tail:
      tail_room_ = limit_.bytes;
      break;
    case overflow::keep_head_tail:
      tail_room_ = limit_.bytes / 2;
      head_room_ = limit_.bytes - tail_room_;
      break;
  }
}

int collector::spill(std::string_view bytes) {
  if (!spill_) {
    spill_.reset(sys::open_file(limit_.spill_path.c_str(), O_WRONLY | O_CREAT | O_TRUNC, 0600));
    if (!spill_) return spill_.release();
    if (const int r = sys::write_all(spill_.get(), head_.data(), head_.size()); r < 0) return r;
  }
  return sys::write_all(spill_.get(), bytes.data(), bytes.size());
}

int collector::append(std::string_view bytes) {
  seen_ += bytes.size();
  const auto fits = std::min<std::uint64_t>(
      head_room_ - std::min<std::uint64_t>(head_room_, head_.size()), bytes.size());
  const auto rest = bytes.substr(static_cast<std::size_t>(fits));
  if (limit_.policy == overflow::spill && (spill_ || !rest.empty())) {
    if (const int r = spill(bytes); r < 0) return r;
  }
  head_.append(bytes.substr(0, static_cast<std::size_t>(fits)));
  if (rest.empty()) return 0;
  if (limit_.policy == overflow::error) exceeded_ = true;
  if (tail_room_ == 0) return 0;
  const auto room = static_cast<std::size_t>(tail_room_);
  if (rest.size() >= room) {
    tail_ = rest.substr(rest.size() - room);
    return 0;
  }
  tail_.append(rest);
  if (tail_.size() > 2 * room) tail_.erase(0, tail_.size() - room);
  return 0;
}

std::uint64_t collector::omitted() const noexcept {
  if (unbounded()) return 0;
  return seen_ - head_.size() - std::min<std::uint64_t>(tail_.size(), tail_room_);
}

std::string collector::so_far() const {
  const std::size_t most =
      static_cast<std::size_t>(std::min<std::uint64_t>(tail_room_, tail_.size()));
  return head_ + tail_.substr(tail_.size() - most);
}

std::string collector::take() {
  if (tail_.size() > tail_room_)
    tail_.erase(0, tail_.size() - static_cast<std::size_t>(tail_room_));
  if (tail_.empty()) return std::move(head_);
  head_ += tail_;
  tail_.clear();
  return std::move(head_);
}

}  // namespace brood::detail
