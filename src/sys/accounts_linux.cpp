// The ids of the calling thread, and whether its groups may be changed.
// SPDX-License-Identifier: Apache-2.0
#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <string_view>

#include "sys/accounts.hpp"
#include "sys/fd.hpp"

namespace brood::detail::sys {

namespace {

bool has_capability(unsigned which) noexcept {
  __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
  __user_cap_data_struct sets[2] = {};
  if (::syscall(SYS_capget, &header, sets) < 0) return ::geteuid() == 0;
  return (sets[which / 32].effective >> which % 32 & 1) != 0;
}

// user_namespaces(7): "deny" where the ids were mapped without privilege.
bool setgroups_denied() noexcept {
  const fd file(open_file("/proc/self/setgroups", 0, 0));
  char text[8] = {};
  const ssize_t n = file ? read_some(file.get(), text, sizeof text) : 0;
  return n > 0 && std::string_view(text, static_cast<std::size_t>(n)).starts_with("deny");
}

}  // namespace

bool has_uid(unsigned uid) noexcept {
  uid_t r = 0;
  uid_t e = 0;
  uid_t s = 0;
  return ::getresuid(&r, &e, &s) == 0 && r == uid && e == uid && s == uid;
}

bool has_gid(unsigned gid) noexcept {
  gid_t r = 0;
  gid_t e = 0;
  gid_t s = 0;
  return ::getresgid(&r, &e, &s) == 0 && r == gid && e == gid && s == gid;
}

bool may_set_groups() noexcept { return has_capability(CAP_SETGID) && !setgroups_denied(); }

}  // namespace brood::detail::sys
