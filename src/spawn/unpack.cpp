// Unpacking a plan in place: the guardian's half, without allocation.
// SPDX-License-Identifier: Apache-2.0
#include "spawn/pack.hpp"
#include "spawn/step_table.hpp"

namespace brood::detail {

namespace {

/// The bytes, behind the tables of which all offsets lead.
struct block {
  char* bytes;
  std::uint64_t tables;
  std::uint64_t size;

  bool has(std::uint64_t offset, std::uint64_t length) const noexcept {
    return offset >= tables && offset <= size && length <= size - offset;
  }
};

bool unpack_step(const block& in, step& s) noexcept {
  if (static_cast<std::size_t>(s.what) >= step_kind_count) return false;
  const std::size_t unit = kind_of(s.what).unit;
  const auto offset = reinterpret_cast<std::uintptr_t>(s.data);
  if (offset == 0) return unit == 0 || (unit > 1 && s.n == 0);
  if (unit == 0 || offset % unit != 0 || !in.has(offset, data_size(s))) return false;
  const bool text = unit == 1;
  if (text && (s.n == 0 || in.bytes[offset + s.n - 1] != '\0')) return false;
  s.data = in.bytes + offset;
  return true;
}

// The last byte of the block is a NUL, so any text ends within it.
bool unpack_list(const block& in, char** list, std::uint32_t count) noexcept {
  for (std::uint32_t i = 0; i < count; ++i) {
    const auto offset = reinterpret_cast<std::uintptr_t>(list[i]);
    if (!in.has(offset, 1)) return false;
    list[i] = in.bytes + offset;
  }
  return list[count] == nullptr;
}

}  // namespace

bool unpack(char* bytes, std::size_t size, plan_view& plan) noexcept {
  if (size < sizeof(pack_header)) return false;
  const auto& h = *reinterpret_cast<const pack_header*>(bytes);
  if (h.magic != pack_header{}.magic) return false;
  const block in{bytes, tables_size(h), size};
  if (in.tables >= size || bytes[size - 1] != '\0') return false;
  auto* const steps = reinterpret_cast<step*>(bytes + sizeof h);
  for (std::uint32_t i = 0; i < h.steps; ++i) {
    if (!unpack_step(in, steps[i])) return false;
  }
  auto** const programs = reinterpret_cast<char**>(steps + h.steps);
  char** const args = programs + h.programs + 1;
  char** const vars = args + h.args + 1;
  if (!unpack_list(in, programs, h.programs) || !unpack_list(in, args, h.args) ||
      !unpack_list(in, vars, h.vars)) {
    return false;
  }
  plan = {.programs = programs,
          .argv = args,
          .envp = vars,
          .steps = steps,
          .step_count = h.steps,
          .portable = h.portable != 0,
          .close_fds = h.close_fds != 0,
          .cgroup_fd = h.cgroup_fd,
          .clone_flags = h.clone_flags};
  return true;
}

}  // namespace brood::detail
