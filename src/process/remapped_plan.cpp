// Renumbering the descriptors of a plan.
// SPDX-License-Identifier: Apache-2.0
#include "process/remapped_plan.hpp"

#include <algorithm>

#include "sys/fd.hpp"

namespace brood::detail {

namespace {

// Below this are its channel, whatever else it has, and what has just come and is on its way.
constexpr int guardians_own = 16;

class renumbering {
 public:
  explicit renumbering(const plan_view& plan) : plan_(plan) {
    out_.first = guardians_own;
    for (std::uint32_t i = 0; i < plan.step_count; ++i) {
      const step& s = plan.steps[i];
      if (s.what == op::move_fd) out_.first = std::max(out_.first, s.b + 1);
      if (s.what == op::keep_fd) out_.first = std::max(out_.first, s.a + 1);
    }
  }

  remapped_plan take() {
    for (std::uint32_t i = 0; i < plan_.step_count; ++i) add(plan_.steps[i]);
    // What the command inherits without a step. The new ones come last, so that an error still
    // names the step of the plan that the caller knows.
    for (int number = 0; number <= 2; ++number) {
      if (!placed_[number] && sys::is_open(number) == 0) move(number, number);
    }
    out_.view = plan_;
    out_.view.steps = out_.steps.data();
    out_.view.step_count = static_cast<std::uint32_t>(out_.steps.size());
    return std::move(out_);
  }

 private:
  void add(const step& s) {
    if (s.what == op::move_fd) return move(s.a, s.b);
    if (s.what == op::keep_fd) return move(s.a, s.a);
    out_.steps.push_back(s);
  }

  void move(int from, int to) {
    if (to <= 2) placed_[to] = true;
    out_.steps.push_back(
        {.what = op::move_fd, .stage = error_stage::descriptors, .a = sent(from), .b = to});
  }

  int sent(int from) {
    std::vector<int>& all = out_.sources;
    const auto known = std::find(all.begin(), all.end(), from);
    const auto place = known - all.begin();
    if (known == all.end()) all.push_back(from);
    return out_.first + static_cast<int>(place);
  }

  const plan_view& plan_;
  remapped_plan out_;
  bool placed_[3] = {};
};

}  // namespace

std::optional<remapped_plan> remap_fds(const plan_view& plan) {
  if (plan.step_count == 0 || plan.steps[0].what != op::close_others) return {};
  for (std::uint32_t i = 0; i < plan.step_count; ++i) {
    if (plan.steps[i].what == op::park_fd) return {};
  }
  return renumbering(plan).take();
}

}  // namespace brood::detail
