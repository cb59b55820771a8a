// Messages over pipes and sockets.
// SPDX-License-Identifier: Apache-2.0
#include "workers/message_channel.hpp"

#include <algorithm>
#include <cerrno>

#include "stream/storage.hpp"

namespace brood::detail {

namespace {

constexpr std::size_t first_read = 4 * 1024;
constexpr std::size_t large_read = 64 * 1024;
constexpr std::size_t keep_room = 64 * 1024;  // more is given back after each message
constexpr std::size_t prefix_size = 4;

void put_prefix(std::string& to, std::size_t length) {
  for (int shift = 0; shift < 32; shift += 8) to += static_cast<char>((length >> shift) & 0xFF);
}

std::size_t read_prefix(const std::string& from) {
  std::size_t length = 0;
  for (std::size_t i = prefix_size; i > 0; --i) {
    length = length << 8 | static_cast<unsigned char>(from[i - 1]);
  }
  return length;
}

void empty(std::string& s) {
  if (s.capacity() > keep_room) {
    s = {};
  } else {
    s.clear();
  }
}

}  // namespace

message_channel::message_channel(worker_framing framing, std::size_t max_frame, sys::fd to_worker,
                                 sys::fd from_worker) noexcept
    : framing_(framing),
      max_frame_(max_frame),
      to_(std::move(to_worker)),
      from_(std::move(from_worker)) {}

void message_channel::close() noexcept {
  to_.reset();
  from_.reset();
  ended_ = true;
}

message_channel::state message_channel::between() {
  if (!ended_ && incoming_.empty()) (void)read_more();
  if (!incoming_.empty()) return state::answered;
  return ended_ || deaf_ ? state::closed : state::waiting;
}

void message_channel::send(std::string_view message) {
  if (sent_ == outgoing_.size()) {  // else a hello is still on its way
    empty(outgoing_);
    sent_ = 0;
  }
  if (framing_ == worker_framing::length_prefixed) put_prefix(outgoing_, message.size());
  outgoing_ += message;
  if (framing_ == worker_framing::lines) outgoing_ += '\n';
}

ssize_t message_channel::write_out() {
  const char* from = outgoing_.data() + sent_;
  const std::size_t size = outgoing_.size() - sent_;
  return to_ ? sys::write_quietly(to_.get(), from, size) : sys::send_some(from_.get(), from, size);
}

// Whether there may be more at this moment.
bool message_channel::read_more() {
  if (!from_ || ended_) return false;
  const std::size_t most = much_ ? large_read : first_read;
  const ssize_t n = read_onto(incoming_, from_.get(), most);
  if (n == -EAGAIN) return false;
  if (n <= 0) {
    ended_ = true;
    return false;
  }
  much_ = static_cast<std::size_t>(n) >= most;
  return much_;
}

message_channel::state message_channel::find_line() {
  const std::size_t end = incoming_.find('\n', searched_);
  const std::size_t length = end == incoming_.npos ? incoming_.size() : end;
  if (length > max_frame_) return state::too_long;
  searched_ = incoming_.size();
  if (end == incoming_.npos) return state::waiting;
  begin_ = 0;
  end_ = end;
  next_ = end + 1;
  return state::answered;
}

message_channel::state message_channel::find_counted() {
  if (incoming_.size() < prefix_size) return state::waiting;
  const std::size_t length = read_prefix(incoming_);
  if (length > max_frame_) return state::too_long;
  if (incoming_.size() - prefix_size < length) return state::waiting;
  begin_ = prefix_size;
  end_ = next_ = prefix_size + length;
  return state::answered;
}

message_channel::state message_channel::find_message() {
  if (incoming_.empty()) return state::waiting;
  return framing_ == worker_framing::lines ? find_line() : find_counted();
}

message_channel::state message_channel::step(bool readable) {
  while (!deaf_ && sent_ < outgoing_.size()) {
    const ssize_t n = write_out();
    if (n == -EAGAIN) break;
    if (n < 0) {
      deaf_ = readable = true;  // it may have answered before
    } else {
      sent_ += static_cast<std::size_t>(n);
    }
  }
  while (readable) {
    readable = read_more();
    if (const state s = find_message(); s != state::waiting) return s;
  }
  return ended_ || deaf_ ? state::closed : state::waiting;
}

message_channel::state message_channel::exchange(std::string_view message, std::int64_t until,
                                                 int gone) {
  send(message);
  state s = step(false);
  while (s == state::waiting) {
    (void)wanted();
    sys::wait_item all[3] = {polled_[0], polled_[1], sys::wait_item::to_read(gone)};
    const int r = sys::poll_until(all, deadline::at(until));
    if (r == 0) return state::late;
    const bool over = all[2].ready.in;
    s = step(over || r < 0 || all[0].ready.any());
    if (s == state::waiting && over) return state::closed;
  }
  return s;
}

std::string message_channel::take() {
  std::string answer;
  if (next_ == incoming_.size() && begin_ == 0) {
    incoming_.resize(end_);
    answer = incoming_.capacity() > keep_room ? std::move(incoming_) : std::string(incoming_);
    empty(incoming_);
  } else {
    answer = incoming_.substr(begin_, end_ - begin_);
    incoming_.erase(0, next_);
    if (incoming_.empty()) empty(incoming_);
  }
  searched_ = 0;
  much_ = false;
  return answer;
}

std::span<const sys::wait_item> message_channel::wanted() noexcept {
  const bool writing = !deaf_ && sent_ < outgoing_.size();
  polled_[0] = sys::wait_item::to_read(ended_ ? -1 : from_.get());
  polled_[1] = sys::wait_item::to_write(writing && to_ ? to_.get() : -1);
  polled_[0].wanted.out = writing && !to_;
  return polled_;
}

}  // namespace brood::detail
