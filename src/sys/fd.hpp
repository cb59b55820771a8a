// Owned descriptors, all close-on-exec and above 2, and the calls on them.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <utility>

namespace brood::detail::sys {

void close_fd(int number) noexcept;

/// One descriptor, closed at the end.
class fd {
 public:
  fd() noexcept = default;
  explicit fd(int number) noexcept : number_(number) {}
  fd(fd&& o) noexcept : number_(std::exchange(o.number_, -1)) {}
  fd& operator=(fd&& o) noexcept {
    reset(std::exchange(o.number_, -1));
    return *this;
  }
  ~fd() { reset(); }

  int get() const noexcept { return number_; }
  explicit operator bool() const noexcept { return number_ >= 0; }
  int release() noexcept { return std::exchange(number_, -1); }
  void reset(int number = -1) noexcept {
    if (number_ >= 0) close_fd(number_);
    number_ = number;
  }

 private:
  int number_ = -1;
};

// Each returns a value >= 0 or the negative errno.

int open_file(const char* path, int flags, unsigned mode) noexcept;
int make_pipe(fd& read_end, fd& write_end) noexcept;
/// A connected pair of sequenced-packet sockets.
int make_channel(fd& ours, fd& theirs) noexcept;
/// A connected pair of stream sockets.
int make_stream_pair(fd& ours, fd& theirs) noexcept;
/// Readable once somebody has called raise_event(), until clear_event().
int make_event(fd& event) noexcept;
void raise_event(int event) noexcept;
void clear_event(int event) noexcept;
/// A file in memory, or -ENOSYS where there is no such thing.
int make_memory_file(const char* name) noexcept;
/// A copy of `number` that is at least `least`.
int dup_above(int number, int least) noexcept;
/// `number`, which is ours, or a copy above 2 that replaces it: a caller with 0, 1 or 2 closed
/// would otherwise get our descriptors there, and hand them to a child as its standard streams.
int above_standard(int number) noexcept;
int is_open(int number) noexcept;  ///< 0, or -EBADF
int set_nonblocking(int number) noexcept;
/// For a pipe: its new size in bytes, as far as this user may have it.
int set_pipe_size(int number, int bytes) noexcept;
bool is_regular_file(int number) noexcept;

/// What a descriptor is of, and for.
struct file_facts {
  bool is_pipe = false;
  bool is_device = false;  // a character device
  bool is_terminal = false;
  bool may_read = false;
  bool may_write = false;
  std::uint64_t device = 0;
  std::uint64_t inode = 0;

  bool same_file(const file_facts& o) const noexcept {
    return device == o.device && inode == o.inode;
  }
};
int look_at(int number, file_facts& facts) noexcept;
/// The file of `number` once more, as an open file description of its own with `flags`.
int reopen(int number, int flags) noexcept;
bool is_directory(const char* path) noexcept;
bool exists(const char* path) noexcept;

/// How many bytes can be read at once without waiting.
int readable_bytes(int number) noexcept;
ssize_t read_some(int number, void* to, std::size_t most) noexcept;
ssize_t write_some(int number, const void* from, std::size_t size) noexcept;
/// As write_some, but a pipe without a reader is -EPIPE only, never SIGPIPE, and a file beyond
/// RLIMIT_FSIZE is -EFBIG only, never SIGXFSZ.
ssize_t write_quietly(int number, const void* from, std::size_t size) noexcept;
/// As write_quietly, for a socket.
ssize_t send_some(int number, const void* from, std::size_t size) noexcept;
int write_all(int number, const void* from, std::size_t size) noexcept;

enum class patience : unsigned char { none, endless };

/// What goes in one packet: bytes from two places, and descriptors.
struct packet {
  static constexpr std::size_t most = 4;
  void* head = nullptr;
  std::size_t head_size = 0;
  void* body = nullptr;
  std::size_t body_size = 0;
  std::size_t fd_count = 0;
  int fds[most] = {};
};

/// Fills head, then body; 0 when the other side is gone; without patience -EAGAIN if there is
/// none. The descriptors, which are close-on-exec, may have any numbers and are the caller's.
ssize_t receive_packet(int number, packet& to, patience how_long = patience::endless) noexcept;
/// Another of bytes alone. `passed` receives a descriptor that came along.
ssize_t receive_packet(int number, void* to, std::size_t most, fd* passed,
                       patience how_long = patience::endless) noexcept;
/// Whole, or not at all.
int send_packet(int number, const packet& from) noexcept;
int send_packet(int number, const void* from, std::size_t size, int pass = -1) noexcept;

}  // namespace brood::detail::sys
