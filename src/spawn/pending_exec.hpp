// Starting children whose parent goes on while they are between clone and exec.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "spawn/launch.hpp"
#include "spawn/plan.hpp"

namespace brood::detail {

class child_stack_pool;
struct pending_memory;

/// A start under way: whether its child has exec'ed. Destroyed at any time, without waiting: what a
/// child that is not over still uses is kept, plan and all, and freed by a later start.
class pending_exec {
 public:
  /// None, which is over.
  pending_exec() noexcept = default;
  pending_exec(pending_exec&& o) noexcept;
  pending_exec& operator=(pending_exec&& o) noexcept;
  ~pending_exec() { release(); }

  /// It has exec'ed, or ended before.
  bool over() const noexcept;
  /// Wait until it is over, or until `until`; whether it is. SIGKILL ends whatever a child waits
  /// for there, a FIFO or a server that is gone.
  bool await(deadline until) const noexcept;
  /// Readable once it is over; -1: there is no such event, only await() and looking.
  int event_fd() const noexcept;
  /// Once it is over, why it did not exec; os == 0: it did. EINTR: a signal ended it before. There
  /// is a child to be reaped in any case.
  child_error outcome() const noexcept;
  /// Before: the step that it is at, as an error of it with `os`: ETIMEDOUT, say.
  child_error progress(int os) const noexcept;
  /// What was started. Only while it is not over, or if outcome() is an error.
  const plan& what() const noexcept;

 private:
  friend class child_stack_pool;
  friend struct pending_start;
  friend struct pending_start launch_pending(std::shared_ptr<const plan>, child_stack_pool*);

  void release() noexcept;

  pending_memory* memory_ = nullptr;
};

/// For one who starts many: memory is used again, and with many under way a start waits a little
/// for another, as more would only wait for a CPU. For one thread; outlives its pending_execs.
class child_stack_pool {
 public:
  child_stack_pool() noexcept;
  child_stack_pool(const child_stack_pool&) = delete;
  child_stack_pool& operator=(const child_stack_pool&) = delete;
  ~child_stack_pool();

 private:
  friend class pending_exec;
  friend struct pending_start launch_pending(std::shared_ptr<const plan>, child_stack_pool*);

  pending_memory* take();
  void put(pending_memory* memory) noexcept;
  void reclaim() noexcept;
  void await_turn() noexcept;

  std::vector<std::unique_ptr<pending_memory>> spare_;
  std::vector<pending_memory*> under_way_;  // has room for one more and for all to be spare
};

/// A child, or why there is none, and whether it has exec'ed.
struct pending_start {
  child_handle child;
  pending_exec exec;  ///< over if there is no child
};

/// Start the child of `p` and return while it is on its way to exec, which then happens beside the
/// caller, on another CPU: run() with a time limit, that may end meanwhile, and whoever starts
/// many. All memory is allocated before there is a child (std::bad_alloc). `stacks`: null for one
/// start.
pending_start launch_pending(std::shared_ptr<const plan> p, child_stack_pool* stacks = nullptr);

}  // namespace brood::detail
