// The order in which a child's descriptors are put in place.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include "spawn/plan.hpp"

namespace brood::detail {

namespace {

bool is_source(const std::vector<fd_move>& pending, int number) {
  return std::any_of(pending.begin(), pending.end(),
                     [&](const fd_move& m) { return m.from == number; });
}

void drop_overwritten(std::vector<fd_move>& moves) {
  std::vector<fd_move> last;
  for (auto m = moves.rbegin(); m != moves.rend(); ++m) {
    const bool later =
        std::any_of(last.begin(), last.end(), [&](const fd_move& l) { return l.to == m->to; });
    if (!later) last.push_back(*m);
  }
  std::reverse(last.begin(), last.end());
  moves = std::move(last);
}

step make(op what, int a, int b) { return {.what = what, .a = a, .b = b}; }

// Every remaining move overwrites the source of another: they form cycles. Copy the first one's
// target aside; whoever needs it takes it from there at the end.
void break_cycle(std::vector<fd_move>& pending, std::vector<step>& steps) {
  int least = 3;
  for (const fd_move& m : pending) least = std::max({least, m.from + 1, m.to + 1});
  const fd_move first = pending.front();
  steps.push_back(make(op::park_fd, first.to, least));
  int free = first.to;
  std::vector<int> waiting;
  for (;;) {
    const auto next = std::find_if(pending.begin(), pending.end(),
                                   [&](const fd_move& m) { return m.to == free; });
    if (next == pending.end()) break;
    const fd_move m = *next;
    pending.erase(next);
    if (m.from == first.to) {
      steps.push_back(make(op::unpark_fd, 0, m.to));
    } else {
      steps.push_back(make(op::move_fd, m.from, m.to));
    }
    if (is_source(pending, m.from)) break;  // still needed by a move outside the cycle
    free = m.from;
  }
}

}  // namespace

std::vector<step> order_moves(std::vector<fd_move> moves) {
  drop_overwritten(moves);
  std::vector<step> steps;
  std::vector<fd_move> pending;
  for (const fd_move& m : moves) {
    if (m.from == m.to) {
      steps.push_back(make(op::keep_fd, m.from, 0));
    } else {
      pending.push_back(m);
    }
  }
  while (!pending.empty()) {
    const auto safe = std::find_if(pending.begin(), pending.end(),
                                   [&](const fd_move& m) { return !is_source(pending, m.to); });
    if (safe == pending.end()) {
      break_cycle(pending, steps);
    } else {
      steps.push_back(make(op::move_fd, safe->from, safe->to));
      pending.erase(safe);
    }
  }
  return steps;
}

}  // namespace brood::detail
