// Starting children whose parent goes on while they are between clone and exec.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "spawn/child_side.hpp"
#include "spawn/launch.hpp"

namespace brood::detail {

/// What such a child runs on.
struct child_stack {
  static constexpr std::size_t stack_size = 8 * 1024;  // it needs under 1 KiB
  alignas(16) std::byte stack[stack_size];
  std::atomic<int> busy{0};  ///< cleared by the kernel at exec or exit: CLONE_CHILD_CLEARTID
  std::uint64_t starts = 0;  ///< how many there were; the last may be under way
  std::int64_t since = 0;    ///< when that was, monotonic ns
};

/// One start, with what its child reads and writes: stays where it is until over().
class pending_exec {
 public:
  explicit pending_exec(const plan_view& plan);
  pending_exec(const pending_exec&) = delete;
  pending_exec& operator=(const pending_exec&) = delete;
  ~pending_exec() { await(INT64_MAX); }

  /// It has exec'ed or failed: what it borrowed is not used any more.
  bool over() const noexcept;
  /// Wait until it is over, or until `until`, monotonic ns; whether it is.
  bool await(std::int64_t until) const noexcept;
  /// Once it is over: why it did not exec; os == 0: it did, or was killed before.
  const child_error& error() const noexcept { return report_.error; }

 private:
  friend class child_stack_pool;
  plan_view plan_;
  std::vector<char*> env_;  // ours, if it is inherited: the caller may change its own meanwhile
  child_report report_;
  child_start start_{&plan_, &report_};
  child_stack* stack_ = nullptr;
  std::uint64_t number_ = 0;  // among the stack's starts
};

/// A start costs a parent that waits for it, as launch() does, what the child needs until exec has
/// loaded the program. Who starts many lets that happen beside it, on another CPU. For one thread;
/// outlives its takeoffs.
class child_stack_pool {
 public:
  /// Start the child; the caller goes on while `t` is not over. As launch() where there is no way
  /// to do so. With many under way it waits for one, but not for those that hang in exec.
  launched launch(pending_exec& t);

 private:
  child_stack& free_stack();

  std::vector<std::unique_ptr<child_stack>> stacks_;
};

}  // namespace brood::detail
