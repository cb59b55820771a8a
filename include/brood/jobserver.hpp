// GNU make's jobserver: slots that programs which know nothing of each other share.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include <brood/duration.hpp>
#include <brood/error.hpp>
#include <brood/expected.hpp>

namespace brood {

/// The role of a pool towards a jobserver, below which make, ninja and cargo run no more jobs at
/// once than it has slots. Source: GNU make's manual, "Sharing Job Slots with GNU make".
enum class jobserver_role : unsigned char {
  none,  ///< none; the jobs see the one that this process sees, but not its descriptors
  /// Be one, whose slots are max_workers: each job that runs has one, and what is left is for the
  /// programs that the jobs start. As two descriptors in each job (`--jobserver-auth=R,W`): what
  /// every make and cargo understands.
  serve_pipe,
  /// The same as a path (`--jobserver-auth=fifo:PATH`): needed by ninja (1.13), and works through
  /// programs that close descriptors. make 4.3 and older stop with an error. PATH is below
  /// /proc, for processes of the same user that see the same processes.
  serve_fifo,
  /// Use the one that this process was started under, and let the jobs use it: one job runs on the
  /// slot that this process has anyway, each other one on a slot of the jobserver's. If there is no
  /// jobserver: as `none`. If there was one that is out of reach: one job at a time, as make does;
  /// pool::jobserver_problem() says why, and pool::resize() changes it.
  join,
};

/// Takes slots of the jobserver that this process was started under. A handle: copies are the same
/// client. One slot belongs to this process from the start and is not taken: the first thing may
/// run at once. Threads: any, at any time.
class jobserver_client {
 public:
  class slot;

  /// The jobserver in MAKEFLAGS of this process, else in CARGO_MAKEFLAGS. Errors, by kind():
  ///   not_found  there is none: not below make -j
  ///   broken     there was one that cannot be reached: the descriptors are closed or something
  ///              else, as make gives them only to commands marked with '+' or holding $(MAKE);
  ///              the fifo is gone; the flag is malformed
  ///   busy       no descriptor is available
  static expected<jobserver_client, error> find();
  /// The one in the value of such a variable.
  static expected<jobserver_client, error> from(std::string_view makeflags);

  /// Wait for a slot, at most for `timeout`, 0 or more; not given: without limit. An empty slot if
  /// there was none in that time. Errors: spawn_error with kind broken if the jobserver has gone.
  slot take(duration timeout = {}) const;
  expected<slot, error> try_take(duration timeout = {}) const;

  /// Those that MAKEFLAGS names, which a command has to inherit (options::pass_fds) to reach the
  /// jobserver as well; empty: it is found by its path.
  std::vector<int> descriptors() const;

  struct impl;  ///< opaque

 private:
  friend struct jobserver_access;
  explicit jobserver_client(std::shared_ptr<const impl> i) noexcept : impl_(std::move(i)) {}
  std::shared_ptr<const impl> impl_;
};

/// A slot, given back by the destructor, except in a child of fork(2), which does not own it. It
/// keeps the jobserver open. A process that is killed loses it: the protocol has no way to return
/// it.
class jobserver_client::slot {
 public:
  slot() noexcept = default;  ///< none
  slot(slot&& other) noexcept : from_(std::move(other.from_)), byte_(other.byte_) {}
  slot& operator=(slot&& other) noexcept;
  ~slot() { give_back(); }
  explicit operator bool() const noexcept { return from_ != nullptr; }
  void give_back() noexcept;

 private:
  friend class jobserver_client;
  slot(std::shared_ptr<const impl> i, char byte) noexcept : from_(std::move(i)), byte_(byte) {}
  std::shared_ptr<const impl> from_;
  char byte_ = 0;
};

}  // namespace brood
