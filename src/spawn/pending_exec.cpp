// Owning what a child uses until it has exec'ed, for as long as that takes.
// SPDX-License-Identifier: Apache-2.0
#include "spawn/pending_exec.hpp"

#include <algorithm>
#include <atomic>
#include <utility>

#include "sys/time.hpp"

namespace brood::detail {

/// On the heap, as it may outlive everybody who knows of it.
struct pending_memory {
  child_memory memory;
  std::shared_ptr<const plan> what;
  child_stack_pool* home = nullptr;
  pending_exec* holder = nullptr;  ///< of one that is on its way
  std::int64_t since = 0;          ///< monotonic ns
  pending_memory* next = nullptr;
};

namespace {

constexpr std::int64_t patience = 5'000'000;  // ns; a start that is not over by then hangs
// More would only wait for a CPU; then it is better that their parent does.
constexpr std::size_t plenty = 16;

// Of children that nobody waits for any more and that may be in exec still: mostly not for long.
std::atomic<pending_memory*> abandoned{nullptr};

void abandon(pending_memory* m) noexcept {
  m->next = abandoned.load(std::memory_order_relaxed);
  while (!abandoned.compare_exchange_weak(m->next, m, std::memory_order_acq_rel)) {
  }
}

void free_abandoned() noexcept {
  if (!abandoned.load(std::memory_order_relaxed)) return;
  pending_memory* all = abandoned.exchange(nullptr, std::memory_order_acq_rel);
  while (all) {
    pending_memory* const m = std::exchange(all, all->next);
    if (m->memory.over()) {
      delete m;
    } else {
      abandon(m);
    }
  }
}

}  // namespace

pending_exec::pending_exec(pending_exec&& o) noexcept : memory_(std::exchange(o.memory_, nullptr)) {
  if (memory_) memory_->holder = this;
}

pending_exec& pending_exec::operator=(pending_exec&& o) noexcept {
  if (this != &o) {
    release();
    memory_ = std::exchange(o.memory_, nullptr);
    if (memory_) memory_->holder = this;
  }
  return *this;
}

void pending_exec::release() noexcept {
  pending_memory* const m = std::exchange(memory_, nullptr);
  if (!m) return;
  if (m->home) std::erase(m->home->under_way_, m);
  if (m->memory.shared() && !m->memory.over()) {
    abandon(m);
  } else if (m->home) {
    m->home->put(m);
  } else {
    delete m;
  }
}

bool pending_exec::over() const noexcept { return !memory_ || memory_->memory.over(); }

bool pending_exec::await(deadline until) const noexcept {
  return !memory_ || memory_->memory.await(until);
}

int pending_exec::event_fd() const noexcept { return memory_ ? memory_->memory.event_fd() : -1; }

child_error pending_exec::outcome() const noexcept {
  return memory_ ? memory_->memory.outcome() : child_error{};
}

child_error pending_exec::progress(int os) const noexcept {
  return memory_ ? memory_->memory.progress(os) : child_error{error_stage::exec, os, 0};
}

const plan& pending_exec::what() const noexcept { return *memory_->what; }

child_stack_pool::child_stack_pool() noexcept = default;
child_stack_pool::~child_stack_pool() = default;

// Those that have exec'ed need their memory no more, long before they end.
void child_stack_pool::reclaim() noexcept {
  for (std::size_t i = under_way_.size(); i > 0; --i) {
    pending_memory* const m = under_way_[i - 1];
    if (!m->memory.over()) continue;
    under_way_.erase(under_way_.begin() + static_cast<std::ptrdiff_t>(i - 1));
    if (m->memory.outcome().os != 0) continue;  // it is still to be explained
    m->holder->memory_ = nullptr;
    put(m);
  }
}

// With many under way it waits for the one that was started first, but not for those that hang.
void child_stack_pool::await_turn() noexcept {
  for (;;) {
    const std::int64_t now = sys::now();
    const pending_memory* first = nullptr;
    std::size_t young = 0;
    reclaim();
    for (const pending_memory* m : under_way_) {
      if (now - m->since >= patience) continue;
      ++young;
      if (!first || m->since < first->since) first = m;
    }
    if (young < plenty) return;
    (void)first->memory.await(deadline::after(first->since, patience));
  }
}

pending_memory* child_stack_pool::take() {
  await_turn();
  if (spare_.empty()) spare_.push_back(std::make_unique<pending_memory>());
  under_way_.reserve(under_way_.size() + 1);
  pending_memory* const m = spare_.back().release();
  spare_.pop_back();
  m->home = this;
  return m;
}

void child_stack_pool::put(pending_memory* m) noexcept {
  m->what.reset();
  std::unique_ptr<pending_memory> owner(m);
  if (spare_.size() < plenty && spare_.capacity() > spare_.size()) {
    spare_.push_back(std::move(owner));
  }
}

pending_start launch_pending(std::shared_ptr<const plan> p, child_stack_pool* stacks) {
  free_abandoned();
  pending_start start;
  pending_memory* const m = stacks ? stacks->take() : new pending_memory;
  start.exec.memory_ = m;
  m->holder = &start.exec;
  m->what = std::move(p);
  m->since = sys::now();
  start.child = launch_beside(m->what->view(), m->memory);
  if (start.child.error.os != 0) {
    start.exec = {};
  } else if (stacks) {
    stacks->under_way_.push_back(m);
  }
  return start;
}

}  // namespace brood::detail
