// What the control groups of this process, version 1 or 2, leave it of CPUs and memory.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace brood::detail::sys {

/// The folder of a group. What a system has of both versions may differ from controller to
/// controller.
struct cgroup_folder {
  std::string path{};
  bool v2 = false;
};

/// The group of this process and all above it that can be seen, of both versions. `groups`: the
/// text of /proc/self/cgroup; `mounts`: of /proc/self/mountinfo; `controller`: as "cpu".
std::vector<cgroup_folder> find_cgroups(std::string_view groups, std::string_view mounts,
                                        std::string_view controller);
/// For the process itself.
std::vector<cgroup_folder> find_cgroups(std::string_view controller);

/// CPUs that the quotas of these groups allow, as 1.5; infinite without one.
double cpu_quota(const std::vector<cgroup_folder>& groups);
/// Bytes that may still be taken, where file pages that can be dropped count as free; UINT64_MAX
/// without a limit.
std::uint64_t memory_left(const std::vector<cgroup_folder>& groups);
/// Bytes that new programs could take, by the whole system and the groups; empty if it does not
/// say.
std::optional<std::uint64_t> available_memory();

}  // namespace brood::detail::sys
