// Packing a plan: a header, the steps, three tables of offsets, then the bytes they point to.
// SPDX-License-Identifier: Apache-2.0
#include "spawn/pack.hpp"

#include <cstring>

#include "spawn/step_table.hpp"

namespace brood::detail {

namespace {

std::uint32_t count(const char* const* list) {
  std::uint32_t n = 0;
  while (list[n]) ++n;
  return n;
}

// Where a pointer is wanted, its offset is packed.
const void* to_pointer(std::size_t offset) { return reinterpret_cast<const void*>(offset); }

class packer {
 public:
  packer(const plan_view& plan, const pack_header& h) : bytes_(tables_size(h), '\0') {
    put(&h, sizeof h);
    for (std::uint32_t i = 0; i < plan.step_count; ++i) put_step(plan.steps[i]);
    put_list(plan.programs);
    put_list(plan.argv);
    put_list(plan.envp);
    bytes_ += '\0';  // ends whatever text a damaged offset points to
  }
  std::string take() { return std::move(bytes_); }

 private:
  void put(const void* from, std::size_t size) {
    std::memcpy(bytes_.data() + at_, from, size);
    at_ += size;
  }
  std::size_t append(const void* from, std::size_t size) {
    bytes_.resize((bytes_.size() + 7) / 8 * 8);
    const std::size_t offset = bytes_.size();
    bytes_.append(static_cast<const char*>(from), size);
    return offset;
  }
  void put_step(step s) {
    if (s.data) s.data = to_pointer(append(s.data, data_size(s)));
    if (kind_of(s.what).a == role::closed) s.a = -1;
    if (kind_of(s.what).b == role::closed) s.b = -1;
    put(&s, sizeof s);
  }
  void put_list(const char* const* list) {
    for (; *list; ++list) {
      const std::size_t offset = append(*list, std::strlen(*list) + 1);
      put(&offset, sizeof offset);
    }
    at_ += sizeof(char*);  // the null at the end
  }

  std::string bytes_;
  std::size_t at_ = 0;
};

}  // namespace

std::string pack(const plan_view& plan) {
  pack_header h;
  h.steps = plan.step_count;
  h.programs = count(plan.programs);
  h.args = count(plan.argv);
  h.vars = count(plan.envp);
  h.portable = plan.portable;
  h.close_fds = plan.close_fds;
  h.cgroup_fd = plan.cgroup_fd;
  h.clone_flags = plan.clone_flags;
  return packer(plan, h).take();
}

}  // namespace brood::detail
