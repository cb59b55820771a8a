// A pool of the engine as a Python object holds it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <unistd.h>

#include <exception>
#include <memory>
#include <stdexcept>
#include <thread>
#include <utility>

#include "listener.hpp"
#include "outcome.hpp"

namespace brood_python {

/// Used by any Python thread, without the GIL; closed once, by whoever comes first.
template <class Pool>
class held_pool {
 public:
  held_pool(std::shared_ptr<Pool> pool, std::shared_ptr<listener> told)
      : listener_(std::move(told)), pool_(std::move(pool)) {}
  held_pool(const held_pool&) = delete;
  held_pool& operator=(const held_pool&) = delete;
  ~held_pool() { close(); }

  /// The pool stays while `f` runs, whoever closes it meanwhile.
  template <class F>
  auto use(F f) {
    const std::shared_ptr<Pool> p = pool_;
    if (!p) throw std::runtime_error("the pool was closed");
    const without_gil released;
    return f(*p);
  }

  /// Cancels what is left, and returns when nothing is.
  void close() {
    std::shared_ptr<Pool> p = std::move(pool_);
    if (!p) return;
    if (owner_ != ::getpid()) return keep_for_ever(std::move(p));
    const without_gil released;
    if (!listener_->busy_here()) return p.reset();
    // The last reference was dropped in a callback: the pool's thread cannot wait for itself.
    try {
      std::thread([p] {}).detach();
    } catch (const std::exception&) {
      keep_for_ever(std::move(p));
    }
  }

 private:
  /// In a forked child, which has neither its thread nor its processes, and where no thread can
  /// wait.
  static void keep_for_ever(std::shared_ptr<Pool> p) { new std::shared_ptr<Pool>(std::move(p)); }

  std::shared_ptr<listener> listener_;
  std::shared_ptr<Pool> pool_;
  pid_t owner_ = ::getpid();
};

}  // namespace brood_python
