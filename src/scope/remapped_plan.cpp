// Renumbering the descriptors of a plan.
// SPDX-License-Identifier: Apache-2.0
#include "scope/remapped_plan.hpp"

#include <algorithm>

#include "spawn/step_table.hpp"
#include "sys/fd.hpp"

namespace brood::detail {

namespace {

// Below this are its channel, whatever else it has, and what has just come and is on its way.
constexpr int guardians_own = 16;

class renumbering {
 public:
  explicit renumbering(const plan_view& plan) : plan_(plan) {
    out_.first = guardians_own;
    for_each_target(plan, [&](int number) {
      out_.first = std::max(out_.first, number + 1);
      if (number <= 2) placed_[number] = true;
    });
  }

  remapped_plan take() {
    for (std::uint32_t i = 0; i < plan_.step_count; ++i) add(plan_.steps[i]);
    // What the command inherits without a step. The new ones come last, so that an error still
    // names the step of the plan that the caller knows.
    for (int number = 0; number <= 2; ++number) {
      if (!placed_[number] && sys::is_open(number) == 0) add({.what = op::keep_fd, .a = number});
    }
    out_.view = plan_;
    if (plan_.cgroup_fd >= 0) out_.view.cgroup_fd = sent(plan_.cgroup_fd);
    out_.view.steps = out_.steps.data();
    out_.view.step_count = static_cast<std::uint32_t>(out_.steps.size());
    return std::move(out_);
  }

 private:
  void add(step s) {
    if (s.what == op::keep_fd) s = {.what = op::move_fd, .a = s.a, .b = s.a};
    if (int* source = source_of(s)) *source = sent(*source);
    out_.steps.push_back(s);
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
  if (!plan.close_fds) return {};
  return renumbering(plan).take();
}

}  // namespace brood::detail
