// A plan as one block of bytes, to hand to the guardian.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include "spawn/plan_view.hpp"

namespace brood::detail {

struct pack_header {
  std::uint32_t magic = 0x62726f6f;
  std::uint32_t steps = 0;
  std::uint32_t programs = 0;
  std::uint32_t args = 0;
  std::uint32_t vars = 0;
  std::uint32_t portable = 0;
  std::uint32_t close_fds = 0;
  std::int32_t cgroup_fd = -1;
  std::uint64_t clone_flags = 0;
};

/// The header, the steps and the lists of offsets: what they point to comes after.
constexpr std::uint64_t tables_size(const pack_header& h) noexcept {
  return sizeof h + std::uint64_t{h.steps} * sizeof(step) +
         (std::uint64_t{h.programs} + h.args + h.vars + 3) * sizeof(char*);
}

/// All of `plan`, with offsets in place of pointers. Only for the same program version: it is never
/// stored.
std::string pack(const plan_view& plan);

/// The plan in `bytes`, which is changed in place and must outlive it. False if it is damaged:
/// whatever the bytes are, a plan that is returned points to nothing outside of them.
bool unpack(char* bytes, std::size_t size, plan_view& plan) noexcept;

}  // namespace brood::detail
