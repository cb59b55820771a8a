// Waiting by epoll(7).
// SPDX-License-Identifier: Apache-2.0
#include <poll.h>
#include <sys/epoll.h>

#include <array>
#include <cerrno>

#include "base/make_error.hpp"
#include "loop/poller.hpp"
#include "sys/call.hpp"
#include "sys/fd.hpp"
#include "sys/time.hpp"

namespace brood::detail {

namespace {

static_assert(EPOLLIN == POLLIN && EPOLLOUT == POLLOUT, "events are passed on as they are");

class epoll_poller final : public poller {
 public:
  explicit epoll_poller(sys::fd epoll) noexcept : epoll_(std::move(epoll)) {}

  int add(int number, short events, std::uint64_t token) noexcept override {
    return control(EPOLL_CTL_ADD, number, events, token);
  }
  int change(int number, short events, std::uint64_t token) noexcept override {
    return control(EPOLL_CTL_MOD, number, events, token);
  }
  // A descriptor that was closed meanwhile has left by itself.
  void remove(int number) noexcept override { (void)control(EPOLL_CTL_DEL, number, 0, 0); }

  int wait(std::vector<std::uint64_t>& tokens, std::int64_t until) override {
    // epoll_wait counts in milliseconds; poll_until does not round, and an epoll can be polled.
    if (until != INT64_MAX) {
      pollfd self{epoll_.get(), POLLIN, 0};
      if (const int r = sys::poll_until(&self, 1, until); r <= 0) return r;
    }
    const int limit = until == INT64_MAX ? -1 : 0;
    std::array<epoll_event, 256> events;
    const int n = sys::call("epoll_wait", [&] {
      return ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), limit);
    });
    for (int i = 0; i < n; ++i) tokens.push_back(events[static_cast<std::size_t>(i)].data.u64);
    return n < 0 && n != -EINTR ? n : 0;
  }

 private:
  int control(int what, int number, short events, std::uint64_t token) noexcept {
    epoll_event e{};
    e.events = static_cast<std::uint32_t>(events);
    e.data.u64 = token;
    return sys::call("epoll_ctl", [&] { return ::epoll_ctl(epoll_.get(), what, number, &e); });
  }

  sys::fd epoll_;
};

}  // namespace

expected<std::unique_ptr<poller>, error> make_poller(bool portable) {
  if (portable) return make_poll_poller();
  sys::fd epoll(sys::above_standard(
      sys::call("epoll_create1", [] { return ::epoll_create1(EPOLL_CLOEXEC); })));
  if (!epoll) return unexpected(os_error(error_stage::wait, "epoll", -epoll.release()));
  return std::unique_ptr<poller>(new epoll_poller(std::move(epoll)));
}

}  // namespace brood::detail
