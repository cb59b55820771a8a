// Our end of the way to a worker: one message out, one message in.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include <brood/worker_pool.hpp>

#include "sys/fd.hpp"
#include "sys/wait.hpp"

namespace brood::detail {

/// Passive, and never blocks but in exchange(). For one thread at a time.
class message_channel {
 public:
  /// What has become of the message that is awaited.
  enum class state : unsigned char {
    waiting,
    answered,  ///< take() has it
    closed,    ///< the other side will not say any more
    too_long,  ///< more than the longest message that is taken
    late,      ///< of exchange() alone
  };
  /// `to_worker` and `from_worker` are non-blocking. A socket: `to_worker` is not given.
  message_channel(worker_framing framing, std::size_t max_frame, sys::fd to_worker,
                  sys::fd from_worker) noexcept;

  /// Whether the worker is where it should be between two messages: it has said nothing, and it
  /// listens. `state::closed` or `state::answered` (unasked) if not.
  state between();
  /// Send this next; step() does it.
  void send(std::string_view message);
  /// Write what is taken, read what is there. \param readable  there is something to read, as far
  /// as is known.
  state step(bool readable);
  /// send(), and all steps to the end or `until`. `gone`: readable once the worker has ended.
  state exchange(std::string_view message, std::int64_t until, int gone);
  /// The answer.
  std::string take();

  /// What a loop has to wait for before the next step().
  std::span<const sys::wait_item> wanted() noexcept;
  void close() noexcept;

 private:
  int out() const noexcept { return to_ ? to_.get() : from_.get(); }
  ssize_t write_out();
  state find_message();
  state find_line();
  state find_counted();
  bool read_more();

  worker_framing framing_;
  std::size_t max_frame_;
  sys::fd to_;
  sys::fd from_;
  std::string outgoing_;
  std::size_t sent_ = 0;
  bool deaf_ = false;   // it does not read any more
  bool ended_ = false;  // end-of-file
  std::string incoming_;
  std::size_t searched_ = 0;  // of incoming_: has no end of line
  std::size_t begin_ = 0;     // of the answer in incoming_
  std::size_t end_ = 0;
  std::size_t next_ = 0;  // what follows it
  bool much_ = false;     // the last read came back full
  std::array<sys::wait_item, 2> polled_{};
};

}  // namespace brood::detail
