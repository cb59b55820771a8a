// Users, groups and limits of the calling process.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace brood::detail::sys {

struct user_record {
  std::string name;
  unsigned uid = 0;
  unsigned gid = 0;
};

// 0, -ENOENT if there is none of that name or number, or another negative errno.
int find_user(const std::string& name, user_record& out);
int find_user(unsigned uid, user_record& out);
int find_group(const std::string& name, unsigned& gid);

/// The groups of a user as getgrouplist(3) has them, sorted.
std::vector<unsigned> groups_of(const user_record& user);
/// The caller's supplementary groups, sorted.
std::vector<unsigned> own_groups();
bool has_uid(unsigned uid) noexcept;  ///< real, effective and saved are this one
bool has_gid(unsigned gid) noexcept;
/// Not root in a user namespace where setgroups(2) is denied, nor in a container without
/// CAP_SETGID.
bool may_set_groups() noexcept;

/// The hard limit (UINT64_MAX: none) of an RLIMIT_ resource, or -errno.
int hard_limit(int resource, std::uint64_t& out) noexcept;
/// What options::limits calls it.
const char* limit_name(int resource) noexcept;
int own_nice() noexcept;

}  // namespace brood::detail::sys
