// Keeping the head, the tail or both of a stream, or spilling it to a file.
// SPDX-License-Identifier: Apache-2.0
#include "stream/collector.hpp"

#include <fcntl.h>

#include "stream/text.hpp"

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

// How many of them the head takes.
std::size_t collector::room_for(std::string_view bytes) noexcept {
  if (head_full_) return 0;
  const std::uint64_t room = head_room_ - head_.size();
  if (bytes.size() <= room) return bytes.size();
  head_full_ = true;
  auto fits = static_cast<std::size_t>(room);
  if (characters_) fits = start_of_character(bytes, fits);
  // What the head does not use is the tail's: else a stream that is within the limit were cut.
  if (tail_room_ > 0) tail_room_ = limit_.bytes - head_.size() - fits;
  return fits;
}

int collector::append(std::string_view bytes) {
  seen_ += bytes.size();
  const std::size_t fits = room_for(bytes);
  const auto rest = bytes.substr(fits);
  if (limit_.policy == overflow::spill && (spill_ || !rest.empty())) {
    if (const int r = spill(bytes); r < 0) return r;
  }
  head_.append(bytes.substr(0, fits));
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

// The last bytes of the room; the first character that is whole begins after what is left of one.
std::string_view collector::kept_tail() const noexcept {
  std::string_view t = tail_;
  if (t.size() > tail_room_) t.remove_prefix(t.size() - static_cast<std::size_t>(tail_room_));
  for (int i = 0; i < 3 && characters_ && !t.empty() && continues_character(t.front()); ++i) {
    t.remove_prefix(1);
  }
  return t;
}

std::uint64_t collector::omitted() const noexcept {
  if (unbounded()) return 0;
  return seen_ - head_.size() - kept_tail().size();
}

std::string collector::so_far() const { return head_ + std::string(kept_tail()); }

std::string collector::take() {
  head_ += kept_tail();
  tail_.clear();
  return std::move(head_);
}

}  // namespace brood::detail
