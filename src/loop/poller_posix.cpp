// Waiting by poll(2).
// SPDX-License-Identifier: Apache-2.0
#include <poll.h>

#include <algorithm>
#include <cerrno>
#include <new>

#include "loop/poller.hpp"
#include "sys/time.hpp"

namespace brood::detail {

namespace {

class poll_poller final : public poller {
 public:
  int add(int number, short events, std::uint64_t token) noexcept override {
    if (find(number) != watched_.size()) return -EEXIST;
    try {
      tokens_.reserve(tokens_.size() + 1);
      watched_.push_back({number, events, 0});
      tokens_.push_back(token);
    } catch (const std::bad_alloc&) {
      return -ENOMEM;
    }
    return 0;
  }

  int change(int number, short events, std::uint64_t token) noexcept override {
    const std::size_t at = find(number);
    if (at == watched_.size()) return -ENOENT;
    watched_[at].events = events;
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

  int wait(std::vector<std::uint64_t>& tokens, std::int64_t until) override {
    const int r = sys::poll_until(watched_.data(), watched_.size(), until);
    for (std::size_t i = 0; r > 0 && i < watched_.size(); ++i) {
      if (watched_[i].revents != 0) tokens.push_back(tokens_[i]);
    }
    return r < 0 ? r : 0;
  }

 private:
  std::size_t find(int number) const noexcept {
    const auto at = std::find_if(watched_.begin(), watched_.end(),
                                 [&](const pollfd& p) { return p.fd == number; });
    return static_cast<std::size_t>(at - watched_.begin());
  }

  std::vector<pollfd> watched_;
  std::vector<std::uint64_t> tokens_;
};

}  // namespace

std::unique_ptr<poller> make_poll_poller() { return std::make_unique<poll_poller>(); }

}  // namespace brood::detail
