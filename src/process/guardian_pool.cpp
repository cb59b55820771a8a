// Keeping guardians, and ending them.
// SPDX-License-Identifier: Apache-2.0
#include "process/guardian_pool.hpp"

#include <poll.h>

#include "sys/reap.hpp"

namespace brood::detail {

namespace {

// An idle guardian says nothing: whatever there is to hear is its end.
bool alive(const guardian_handle& g) noexcept {
  pollfd p{g.channel.get(), POLLIN, 0};
  return ::poll(&p, 1, 0) == 0;
}

}  // namespace

void guardian_handle::end() noexcept {
  channel.reset();
  reap();
}

void guardian_handle::reap() noexcept {
  if (ref) sys::reap_for_certain(ref.pid(), ref.pidfd());
  ref = {};
}

guardian_pool::~guardian_pool() {
  for (guardian_handle& g : links_) g.channel.reset();  // all of them first: they exit side by side
  for (guardian_handle& g : links_) g.end();
}

std::optional<guardian_handle> guardian_pool::take(const sys::inherited& now) {
  while (!links_.empty()) {
    guardian_handle g = std::move(links_.back());
    links_.pop_back();
    if (g.hands_on == now && alive(g)) return g;
    g.end();
  }
  return {};
}

void guardian_pool::put(guardian_handle g) noexcept {
  if (links_.size() >= most) return g.end();
  links_.push_back(std::move(g));
}

}  // namespace brood::detail
