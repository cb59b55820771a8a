// Waiting by ppoll(2).
// SPDX-License-Identifier: Apache-2.0
#include <poll.h>
#include <time.h>

#include <cerrno>
#include <cstdlib>

#include "sys/call.hpp"
#include "sys/time.hpp"
#include "sys/wait.hpp"

namespace brood::detail::sys {

namespace {

constexpr std::size_t few = 16;  // a command's streams and events: no heap

int poll_all(pollfd* fds, std::size_t count, deadline until) noexcept {
  for (;;) {
    timespec left{};
    if (!until.is_never()) {
      const std::int64_t ns = until.left(now());
      left.tv_sec = static_cast<time_t>(ns / 1'000'000'000);
      left.tv_nsec = static_cast<long>(ns % 1'000'000'000);
    }
    const int r = call("ppoll", [&] {
      return ::ppoll(fds, static_cast<nfds_t>(count), until.is_never() ? nullptr : &left, nullptr);
    });
    if (r != -EINTR) return r;
  }
}

// Without those that are passed over: ppoll refuses more entries than RLIMIT_NOFILE.
std::size_t fill(std::span<wait_item> items, pollfd* fds) noexcept {
  std::size_t count = 0;
  for (wait_item& i : items) {
    i.ready = {};
    i.broken = false;
    if (!i.active()) continue;
    const int events = (i.wanted.in ? POLLIN : 0) | (i.wanted.out ? POLLOUT : 0);
    fds[count++] = {i.number, static_cast<short>(events), 0};
  }
  return count;
}

int take(std::span<wait_item> items, const pollfd* fds) noexcept {
  int ready = 0;
  for (wait_item& i : items) {
    if (!i.active()) continue;
    const int came = (fds++)->revents;
    const bool over = (came & (POLLERR | POLLHUP | POLLNVAL)) != 0;
    i.ready = {.in = i.wanted.in && ((came & POLLIN) != 0 || over),
               .out = i.wanted.out && ((came & POLLOUT) != 0 || over)};
    i.broken = (came & (POLLERR | POLLNVAL)) != 0;
    ready += i.ready.any() ? 1 : 0;
  }
  return ready;
}

}  // namespace

int poll_until(std::span<wait_item> items, deadline until) noexcept {
  pollfd room[few];
  pollfd* fds = room;
  if (items.size() > few) {
    fds = static_cast<pollfd*>(std::malloc(items.size() * sizeof(pollfd)));
    if (!fds) return -ENOMEM;
  }
  const std::size_t count = fill(items, fds);
  const int r = poll_all(fds, count, until);
  const int ready = r > 0 ? take(items, fds) : r;
  if (fds != room) std::free(fds);
  return ready;
}

bool poll_until(wait_item item, deadline until) noexcept {
  return poll_until(std::span<wait_item>(&item, 1), until) > 0;
}

void sleep_until(deadline until) noexcept { (void)poll_all(nullptr, 0, until); }

}  // namespace brood::detail::sys
