// Descriptors: open, pipe, read, write, and packets between us and the guardian.
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>

#include "sys/call.hpp"
#include "sys/fd.hpp"

namespace brood::detail::sys {

void close_fd(int number) noexcept {
  // Not through the seam and never repeated: after EINTR Linux has closed it (close(2)).
  const int saved = errno;
  ::close(number);
  errno = saved;
}

int dup_above(int number, int least) noexcept {
  return call("fcntl", [&] { return ::fcntl(number, F_DUPFD_CLOEXEC, least); });
}

int above_standard(int number) noexcept {
  if (number < 0 || number > 2) return number;
  const int moved = dup_above(number, 3);
  close_fd(number);
  return moved;
}

namespace {

int keep_pair(const int (&pair)[2], fd& first, fd& second) noexcept {
  fd a(above_standard(pair[0]));
  if (!a) {
    const int e = a.release();
    close_fd(pair[1]);
    return e;
  }
  fd b(above_standard(pair[1]));
  if (!b) return b.release();
  first = std::move(a);
  second = std::move(b);
  return 0;
}

}  // namespace

int open_file(const char* path, int flags, unsigned mode) noexcept {
  return above_standard(
      retry("open", [&] { return ::open(path, flags | O_CLOEXEC | O_NOCTTY, mode); }));
}

int make_pipe(fd& read_end, fd& write_end) noexcept {
  int pair[2];
  const int r = call("pipe2", [&] { return ::pipe2(pair, O_CLOEXEC); });
  return r < 0 ? r : keep_pair(pair, read_end, write_end);
}

namespace {

int make_sockets(int type, fd& ours, fd& theirs) noexcept {
  int pair[2];
  const int r =
      call("socketpair", [&] { return ::socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, pair); });
  return r < 0 ? r : keep_pair(pair, ours, theirs);
}

}  // namespace

int make_channel(fd& ours, fd& theirs) noexcept {
  return make_sockets(SOCK_SEQPACKET, ours, theirs);
}

int make_stream_pair(fd& ours, fd& theirs) noexcept {
  return make_sockets(SOCK_STREAM, ours, theirs);
}

int readable_bytes(int number) noexcept {
  int count = 0;
  const int r = call("ioctl", [&] { return ::ioctl(number, FIONREAD, &count); });
  return r < 0 ? r : count;
}

int is_open(int number) noexcept {
  return call("fcntl", [&] { return ::fcntl(number, F_GETFD); }) < 0 ? -EBADF : 0;
}

int set_nonblocking(int number) noexcept {
  const int flags = call("fcntl", [&] { return ::fcntl(number, F_GETFL); });
  if (flags < 0) return flags;
  return call("fcntl", [&] { return ::fcntl(number, F_SETFL, flags | O_NONBLOCK); });
}

bool is_regular_file(int number) noexcept {
  struct stat s;
  return ::fstat(number, &s) == 0 && S_ISREG(s.st_mode);
}

int look_at(int number, file_facts& facts) noexcept {
  struct stat s;
  const int r = call("fstat", [&] { return ::fstat(number, &s); });
  if (r < 0) return r;
  const int flags = call("fcntl", [&] { return ::fcntl(number, F_GETFL); });
  if (flags < 0) return flags;
  const int mode = flags & O_ACCMODE;
  facts.is_pipe = S_ISFIFO(s.st_mode);
  facts.is_device = S_ISCHR(s.st_mode);
  facts.is_terminal = facts.is_device && ::isatty(number) == 1;
  facts.may_read = mode == O_RDONLY || mode == O_RDWR;
  facts.may_write = mode == O_WRONLY || mode == O_RDWR;
  facts.device = s.st_dev;
  facts.inode = s.st_ino;
  return 0;
}

bool is_directory(const char* path) noexcept {
  struct stat s;
  return ::stat(path, &s) == 0 && S_ISDIR(s.st_mode);
}

bool exists(const char* path) noexcept {
  struct stat s;
  return ::stat(path, &s) == 0;
}

ssize_t read_some(int number, void* to, std::size_t most) noexcept {
  return retry("read", [&] { return ::read(number, to, most); });
}

ssize_t write_some(int number, const void* from, std::size_t size) noexcept {
  return retry("write", [&] { return ::write(number, from, size); });
}

ssize_t write_quietly(int number, const void* from, std::size_t size) noexcept {
  sigset_t of_writing;
  sigset_t before;
  sigemptyset(&of_writing);
  sigaddset(&of_writing, SIGPIPE);
  sigaddset(&of_writing, SIGXFSZ);
  ::pthread_sigmask(SIG_BLOCK, &of_writing, &before);
  sigset_t pending;
  ::sigpending(&pending);
  const ssize_t r = write_some(number, from, size);
  const int sent = r == -EPIPE ? SIGPIPE : r == -EFBIG ? SIGXFSZ : 0;
  if (sent != 0 && sigismember(&pending, sent) != 1) {
    // The signal of a write is directed at this thread, so it is here to be taken.
    sigset_t one;
    sigemptyset(&one);
    sigaddset(&one, sent);
    const timespec at_once{};
    while (::sigtimedwait(&one, nullptr, &at_once) < 0 && errno == EINTR) {
    }
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return r;
}

ssize_t send_some(int number, const void* from, std::size_t size) noexcept {
  iovec v{const_cast<void*>(from), size};
  msghdr m{};
  m.msg_iov = &v;
  m.msg_iovlen = 1;
  return retry("sendmsg", [&] { return ::sendmsg(number, &m, MSG_NOSIGNAL); });
}

int write_all(int number, const void* from, std::size_t size) noexcept {
  const char* at = static_cast<const char*>(from);
  while (size > 0) {
    const ssize_t n = write_quietly(number, at, size);
    if (n == -EAGAIN) {
      pollfd p{number, POLLOUT, 0};
      (void)::poll(&p, 1, -1);
      continue;
    }
    if (n < 0) return static_cast<int>(n);
    at += n;
    size -= static_cast<std::size_t>(n);
  }
  return 0;
}

ssize_t receive_packet(int number, packet& to, patience how_long) noexcept {
  iovec v[2] = {{to.head, to.head_size}, {to.body, to.body_size}};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof to.fds)];
  msghdr m{};
  m.msg_iov = v;
  m.msg_iovlen = 2;
  m.msg_control = control;
  m.msg_controllen = sizeof control;
  const int flags = MSG_CMSG_CLOEXEC | (how_long == patience::none ? MSG_DONTWAIT : 0);
  const auto receive = [&] {
    return retry("recvmsg", [&] { return ::recvmsg(number, &m, flags); });
  };
  ssize_t n = receive();
  // The other side went without reading our last packet. The kernel says so first, and only then
  // gives what it had sent before.
  if (n == -ECONNRESET) n = receive();
  to.fd_count = 0;
  if (n < 0) return n;
  // The first header is the only one: nothing but descriptors is asked for, and there is no room
  // for more.
  const cmsghdr* c = CMSG_FIRSTHDR(&m);
  if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS) {
    to.fd_count = (c->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    std::memcpy(to.fds, CMSG_DATA(c), to.fd_count * sizeof(int));
  }
  return n;
}

ssize_t receive_packet(int number, void* to, std::size_t most, fd* passed,
                       patience how_long) noexcept {
  packet p{.head = to, .head_size = most};
  const ssize_t n = receive_packet(number, p, how_long);
  for (std::size_t i = 0; i < p.fd_count; ++i) {
    fd keep(above_standard(p.fds[i]));
    if (passed) *passed = std::move(keep);
  }
  return n;
}

int send_packet(int number, const packet& from) noexcept {
  iovec v[2] = {{from.head, from.head_size}, {from.body, from.body_size}};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof from.fds)] = {};
  msghdr m{};
  m.msg_iov = v;
  m.msg_iovlen = 2;
  if (from.fd_count > 0) {
    m.msg_control = control;
    const std::size_t size = from.fd_count * sizeof(int);
    // POSIX has socklen_t for these two, glibc size_t.
    m.msg_controllen = static_cast<decltype(m.msg_controllen)>(CMSG_SPACE(size));
    cmsghdr* c = CMSG_FIRSTHDR(&m);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = static_cast<decltype(c->cmsg_len)>(CMSG_LEN(size));
    std::memcpy(CMSG_DATA(c), from.fds, size);
  }
  const ssize_t n = retry("sendmsg", [&] { return ::sendmsg(number, &m, MSG_NOSIGNAL); });
  return n < 0 ? static_cast<int>(n) : 0;
}

int send_packet(int number, const void* from, std::size_t size, int pass) noexcept {
  packet p{.head = const_cast<void*>(from), .head_size = size};
  if (pass >= 0) p.fds[p.fd_count++] = pass;
  return send_packet(number, p);
}

}  // namespace brood::detail::sys
