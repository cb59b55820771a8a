// Unpacking a plan in place: the guardian's half, without allocation.
// SPDX-License-Identifier: Apache-2.0
#include "spawn/pack.hpp"

namespace brood::detail {

bool unpack(char* bytes, std::size_t size, plan_view& plan) noexcept {
  if (size < sizeof(pack_header)) return false;
  const auto& h = *reinterpret_cast<const pack_header*>(bytes);
  if (h.magic != pack_header{}.magic) return false;
  auto* steps = reinterpret_cast<step*>(bytes + sizeof h);
  for (std::uint32_t i = 0; i < h.steps; ++i) {
    if (steps[i].data) steps[i].data = bytes + reinterpret_cast<std::uintptr_t>(steps[i].data);
  }
  auto** at = reinterpret_cast<char**>(steps + h.steps);
  const auto list = [&](std::uint32_t n) {
    char** const first = at;
    for (std::uint32_t i = 0; i < n; ++i, ++at) {
      *at = bytes + reinterpret_cast<std::uintptr_t>(*at);
    }
    ++at;
    return first;
  };
  plan.programs = list(h.programs);
  plan.argv = list(h.args);
  plan.envp = list(h.vars);
  plan.steps = steps;
  plan.step_count = h.steps;
  plan.program_fd = -1;
  plan.portable = h.portable != 0;
  plan.close_fds = h.close_fds != 0;
  return true;
}

}  // namespace brood::detail
