// Which executor is in force.
// SPDX-License-Identifier: Apache-2.0
#include "executor/executor.hpp"

#include <atomic>
#include <mutex>

namespace brood::detail {

namespace {

std::atomic<executor*> in_force{nullptr};  // null but in tests
std::mutex lock;
thread_local bool within = false;  // a start by the executor in force

struct entry {
  entry() { within = true; }
  ~entry() { within = false; }
};

/// The one that is in force stays there while it starts something.
class stand_in final : public executor {
 public:
  expected<std::unique_ptr<execution>, error> start(execution_spec spec,
                                                    spawn_resources* resources) override {
    const std::lock_guard hold(lock);
    executor* const e = in_force.load();
    if (!e) return local_executor().start(std::move(spec), resources);
    const entry now;
    return e->start(std::move(spec), resources);
  }
};

}  // namespace

executor& executor_in_force() noexcept {
  static stand_in other;
  if (!in_force.load(std::memory_order_acquire) || within) return local_executor();
  return other;
}

executor* replace_executor(executor* e) {
  if (within) return in_force.exchange(e);
  const std::lock_guard hold(lock);
  return in_force.exchange(e);
}

}  // namespace brood::detail
