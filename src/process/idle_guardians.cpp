// Keeping guardians, and ending them.
// SPDX-License-Identifier: Apache-2.0
#include "process/idle_guardians.hpp"

#include <poll.h>

#include "sys/child.hpp"

namespace brood::detail {

namespace {

// An idle guardian says nothing: whatever there is to hear is its end.
bool alive(const guardian_link& g) noexcept {
  pollfd p{g.channel.get(), POLLIN, 0};
  return ::poll(&p, 1, 0) == 0;
}

}  // namespace

void guardian_link::end() noexcept {
  channel.reset();
  reap();
}

void guardian_link::reap() noexcept {
  if (pid > 0) sys::reap_for_certain(pid, pidfd.get());
  pid = -1;
}

idle_guardians::~idle_guardians() {
  for (guardian_link& g : links_) g.channel.reset();  // all of them first: they exit side by side
  for (guardian_link& g : links_) g.end();
}

std::optional<guardian_link> idle_guardians::take(const sys::inherited& now) {
  while (!links_.empty()) {
    guardian_link g = std::move(links_.back());
    links_.pop_back();
    if (g.hands_on == now && alive(g)) return g;
    g.end();
  }
  return {};
}

void idle_guardians::put(guardian_link g) noexcept {
  if (links_.size() >= most) return g.end();
  links_.push_back(std::move(g));
}

}  // namespace brood::detail
