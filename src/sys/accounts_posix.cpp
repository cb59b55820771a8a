// Users, groups and limits.
// SPDX-License-Identifier: Apache-2.0
#include <grp.h>
#include <pwd.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "sys/accounts.hpp"
#include "sys/call.hpp"

namespace brood::detail::sys {

namespace {

constexpr std::size_t most_text = std::size_t{1} << 20;

// The look-up functions say ERANGE until their buffer is large enough.
template <class Record, class F>
int look_up(Record& record, std::vector<char>& text, F f) {
  for (std::size_t size = 1024; size <= most_text; size *= 2) {
    text.resize(size);
    Record* found = nullptr;
    const int e = f(&record, text.data(), size, &found);
    if (e == ERANGE) continue;
    if (found) return 0;
    const bool absent = e == 0 || e == ENOENT || e == ESRCH || e == EBADF || e == EPERM;
    return absent ? -ENOENT : -e;
  }
  return -ERANGE;
}

void take(user_record& out, const passwd& p) {
  out.name = p.pw_name;
  out.uid = p.pw_uid;
  out.gid = p.pw_gid;
}

}  // namespace

int find_user(const std::string& name, user_record& out) {
  passwd p{};
  std::vector<char> text;
  const int r = look_up(p, text, [&](passwd* to, char* room, std::size_t size, passwd** found) {
    return ::getpwnam_r(name.c_str(), to, room, size, found);
  });
  if (r == 0) take(out, p);
  return r;
}

int find_user(unsigned uid, user_record& out) {
  passwd p{};
  std::vector<char> text;
  const int r = look_up(p, text, [&](passwd* to, char* room, std::size_t size, passwd** found) {
    return ::getpwuid_r(uid, to, room, size, found);
  });
  if (r == 0) take(out, p);
  return r;
}

int find_group(const std::string& name, unsigned& gid) {
  group g{};
  std::vector<char> text;
  const int r = look_up(g, text, [&](group* to, char* room, std::size_t size, group** found) {
    return ::getgrnam_r(name.c_str(), to, room, size, found);
  });
  if (r == 0) gid = g.gr_gid;
  return r;
}

std::vector<unsigned> groups_of(const user_record& user) {
  int count = 64;
  std::vector<unsigned> groups(64);
  if (::getgrouplist(user.name.c_str(), user.gid, groups.data(), &count) < 0) {
    groups.resize(static_cast<std::size_t>(count));
    (void)::getgrouplist(user.name.c_str(), user.gid, groups.data(), &count);
  }
  groups.resize(static_cast<std::size_t>(count));
  std::sort(groups.begin(), groups.end());
  return groups;
}

std::vector<unsigned> own_groups() {
  const int count = ::getgroups(0, nullptr);
  std::vector<unsigned> groups(count > 0 ? static_cast<std::size_t>(count) : 0);
  const int got = ::getgroups(static_cast<int>(groups.size()), groups.data());
  groups.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  std::sort(groups.begin(), groups.end());
  return groups;
}

int hard_limit(int resource, std::uint64_t& out) noexcept {
  rlimit l{};
  const auto number = static_cast<decltype(RLIMIT_CPU)>(resource);  // an enum in glibc alone
  const int r = call("getrlimit", [&] { return ::getrlimit(number, &l); });
  if (r < 0) return r;
  out = l.rlim_max == RLIM_INFINITY ? UINT64_MAX : l.rlim_max;
  return 0;
}

const char* limit_name(int resource) noexcept {
  switch (resource) {
    case RLIMIT_CPU:
      return "cpu_time";
    case RLIMIT_AS:
      return "address_space";
    case RLIMIT_NOFILE:
      return "open_files";
    case RLIMIT_FSIZE:
      return "file_size";
    case RLIMIT_NPROC:
      return "processes";
    case RLIMIT_CORE:
      return "core";
    case RLIMIT_STACK:
      return "stack";
    default:
      return "limit";
  }
}

int own_nice() noexcept { return ::getpriority(PRIO_PROCESS, 0); }

}  // namespace brood::detail::sys
