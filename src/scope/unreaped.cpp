// The one list of children that nobody waits for.
// SPDX-License-Identifier: Apache-2.0
#include "scope/unreaped.hpp"

#include <unistd.h>

#include <atomic>
#include <cstddef>
#include <mutex>

#include "base/pod_array.hpp"
#include "sys/call.hpp"

namespace brood::detail {

namespace {

struct unreaped_child {
  using relocatable_tag = void;
  sys::pid_ref ref;
  int parent = 0;  // in a forked copy of the host they are somebody else's
};

std::mutex lock;
std::atomic<std::size_t> count{0};

pod_array<unreaped_child>& children() noexcept {
  static pod_array<unreaped_child>& all =
      *new pod_array<unreaped_child>;  // outlives static objects
  return all;
}

}  // namespace

void reap_later(sys::pid_ref child) noexcept {
  const std::lock_guard hold(lock);
  if (children().add({std::move(child), ::getpid()})) count.store(children().size());
}

void reap_unreaped() noexcept {
  if (count.load(std::memory_order_relaxed) == 0) return;
  const std::lock_guard hold(lock);
  const int self = ::getpid();
  for (std::size_t i = children().size(); i > 0; --i) {
    unreaped_child& c = children()[i - 1];
    sys::exit_record record;
    const int r = c.parent == self ? c.ref.reap(sys::wait_mode::poll, record) : -ECHILD;
    if (r != 0 && !sys::may_pass(r)) children().remove(i - 1);
  }
  count.store(children().size());
}

}  // namespace brood::detail
