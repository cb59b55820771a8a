// Waiting by poll(2).
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cerrno>
#include <new>

#include "loop/poller.hpp"

namespace brood::detail {

namespace {

class poll_poller final : public poller {
 public:
  int add(int number, sys::readiness wanted, std::uint64_t token) noexcept override {
    if (find(number) != watched_.size()) return -EEXIST;
    try {
      tokens_.reserve(tokens_.size() + 1);
      watched_.push_back({number, wanted, {}});
      tokens_.push_back(token);
    } catch (const std::bad_alloc&) {
      return -ENOMEM;
    }
    return 0;
  }

  int change(int number, sys::readiness wanted, std::uint64_t token) noexcept override {
    const std::size_t at = find(number);
    if (at == watched_.size()) return -ENOENT;
    watched_[at].wanted = wanted;
    tokens_[at] = token;
    return 0;
  }

  void remove(int number) noexcept override {
    const std::size_t at = find(number);
    if (at == watched_.size()) return;
    watched_[at] = watched_.back();
    tokens_[at] = tokens_.back();
    watched_.pop_back();
    tokens_.pop_back();
  }

  int wait(std::vector<event>& events, deadline until) override {
    const int r = sys::poll_until(watched_, until);
    for (std::size_t i = 0; r > 0 && i < watched_.size(); ++i) {
      const sys::wait_item& w = watched_[i];
      if (w.ready.any()) events.push_back({tokens_[i], w.ready, w.broken});
    }
    return r < 0 ? r : 0;
  }

 private:
  std::size_t find(int number) const noexcept {
    const auto at = std::find_if(watched_.begin(), watched_.end(),
                                 [&](const sys::wait_item& w) { return w.number == number; });
    return static_cast<std::size_t>(at - watched_.begin());
  }

  std::vector<sys::wait_item> watched_;
  std::vector<std::uint64_t> tokens_;
};

}  // namespace

std::unique_ptr<poller> make_poll_poller() { return std::make_unique<poll_poller>(); }

}  // namespace brood::detail
