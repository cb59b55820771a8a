// What moves bytes between us and a command: feeds its input, drains its outputs, relays to tees.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <brood/callback.hpp>
#include <brood/error.hpp>
#include <brood/options.hpp>

#include "stream/collector.hpp"
#include "stream/text.hpp"
#include "sys/fd.hpp"
#include "sys/wait.hpp"

namespace brood::detail {

using text_callback = callback<void(output_stream, std::string_view)>;

/// One of the child's outputs on its way to us.
struct source {
  sys::fd end;  ///< our end of the pipe; closed at end-of-file
  output_stream which = output_stream::out;
  bool collect = true;  ///< keep it in `kept`
  collector kept{output_limit{}};
  std::optional<decoder> text;
  std::vector<int> relays;  ///< borrowed descriptors that get the bytes as well
  std::string name;         ///< for errors
};

/// Passive: it says what it wants to wait for, and serve() does one round with what is ready. It
/// never waits by itself.
class pump {
 public:
  /// Feed `bytes` (owned by the pump) into `end`, then close it.
  void feed(sys::fd end, std::string bytes);
  /// As feed(), for bytes that the caller keeps alive.
  void feed_borrowed(sys::fd end, std::string_view bytes);
  void add(source s);
  void on_line(text_callback f) { on_line_ = std::move(f); }
  void on_chunk(text_callback f) { on_chunk_ = std::move(f); }

  /// Called with each descriptor of its own that it is about to close: who watches it stops that
  /// before. Must not throw.
  void before_close(callback<void(int)> f) { before_close_ = std::move(f); }

  /// Append what it waits for.
  void wants(std::vector<sys::wait_item>& items) const;
  /// One round: `ready` has what wants() gave, perhaps among others. Exceptions of callbacks pass
  /// through.
  void serve(std::span<const sys::wait_item> ready);
  /// What the caller read from source `i` and did not use, as if it came now.
  void take_back(std::size_t i, std::string_view bytes) { take(i, bytes, false); }
  /// Read what is there at this moment, without waiting; not what is written meanwhile.
  void drain_ready();

  bool feeding() const noexcept { return static_cast<bool>(input_); }
  bool reading() const noexcept;
  bool busy() const noexcept { return feeding() || reading(); }
  void close_input() noexcept { close(input_); }
  void close_all() noexcept;
  /// Nobody wants the output any more: it is read and dropped, so that the command neither blocks
  /// nor dies over it, and no callback is called. The input ends.
  void discard() noexcept;
  /// Monotonic ns of the last output byte.
  std::int64_t last_output() const noexcept { return last_output_; }
  /// A stream went beyond its limit under overflow::error.
  bool exceeded() const noexcept;
  /// The first thing that went wrong on our side.
  const std::optional<error>& failure() const noexcept { return failure_; }
  void fail(error e);
  std::vector<source>& sources() noexcept { return sources_; }
  const std::vector<source>& sources() const noexcept { return sources_; }

 private:
  struct live {
    std::string line;               // an unfinished one
    std::string chunk;              // on its way to the relays
    std::vector<std::size_t> done;  // of chunk, by relay
    bool much = false;              // a small read came back full
    bool grown = false;             // a large one: the pipe was enlarged
  };
  void serve_input(bool broken);
  std::size_t serve_source(std::size_t i);  // bytes read
  void serve_relays(std::size_t i);
  int feed_relay(std::size_t i, std::size_t r);
  bool relaying(std::size_t i) const noexcept;
  void take(std::size_t i, std::string_view bytes, bool last);
  void deliver(std::size_t i, std::string_view text);
  void split_lines(std::size_t i, std::string_view text);
  void end_source(std::size_t i);
  void lose_relay(std::size_t i, std::size_t r, int why);
  void close(sys::fd& end) noexcept;

  sys::fd input_;
  std::string owned_input_;
  std::string_view to_feed_;
  std::vector<source> sources_;
  std::vector<live> live_;
  text_callback on_line_;
  text_callback on_chunk_;
  callback<void(int)> before_close_;
  std::int64_t last_output_ = 0;
  std::optional<error> failure_;
  std::string scratch_;
};

}  // namespace brood::detail
