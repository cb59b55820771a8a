// Waiting by epoll(7).
// SPDX-License-Identifier: Apache-2.0
#include <sys/epoll.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "base/make_error.hpp"
#include "loop/poller.hpp"
#include "sys/call.hpp"
#include "sys/fd.hpp"

namespace brood::detail {

namespace {

class epoll_poller final : public poller {
 public:
  explicit epoll_poller(sys::fd epoll) noexcept : epoll_(std::move(epoll)) {}

  int add(int number, sys::readiness wanted, std::uint64_t token) noexcept override {
    return control(EPOLL_CTL_ADD, number, wanted, token);
  }
  int change(int number, sys::readiness wanted, std::uint64_t token) noexcept override {
    return control(EPOLL_CTL_MOD, number, wanted, token);
  }
  void remove(int number) noexcept override { (void)control(EPOLL_CTL_DEL, number, {}, 0); }

  int handle() const noexcept override { return epoll_.get(); }

  int wait(std::vector<event>& events, deadline until) override {
    // epoll_wait counts in milliseconds; poll_until does not round, and an epoll can be polled.
    if (!until.is_never()) {
      sys::wait_item self = sys::wait_item::to_read(epoll_.get());
      if (const int r = sys::poll_until({&self, 1}, until); r <= 0) return r;
    }
    const int limit = until.is_never() ? -1 : 0;
    std::array<epoll_event, 256> came;
    const int n = sys::call("epoll_wait", [&] {
      return ::epoll_wait(epoll_.get(), came.data(), static_cast<int>(came.size()), limit);
    });
    for (int i = 0; i < n; ++i) {
      const epoll_event& e = came[static_cast<std::size_t>(i)];
      const bool over = (e.events & (EPOLLERR | EPOLLHUP)) != 0;
      events.push_back(
          {e.data.u64,
           {.in = (e.events & EPOLLIN) != 0 || over, .out = (e.events & EPOLLOUT) != 0 || over},
           (e.events & EPOLLERR) != 0});
    }
    return n < 0 && n != -EINTR ? n : 0;
  }

 private:
  int control(int what, int number, sys::readiness wanted, std::uint64_t token) noexcept {
    // The epoll of a forked copy is the original's: what the copy takes away is away for both.
    if (::getpid() != owner_) return -EPERM;
    epoll_event e{};
    e.events = (wanted.in ? EPOLLIN : 0U) | (wanted.out ? EPOLLOUT : 0U);
    e.data.u64 = token;
    return sys::call("epoll_ctl", [&] { return ::epoll_ctl(epoll_.get(), what, number, &e); });
  }

  sys::fd epoll_;
  pid_t owner_ = ::getpid();
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
