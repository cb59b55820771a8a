// Resolving users, groups, limits, programs and the environment.
// SPDX-License-Identifier: Apache-2.0
#include "executor/resolve.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>

#include "base/make_error.hpp"
#include "base/retry.hpp"
#include "spawn/launch.hpp"
#include "spawn/plan.hpp"
#include "sys/accounts.hpp"

extern "C" char** environ;  // POSIX has it in no header

namespace brood::detail {

namespace {

constexpr std::int64_t ns_per_s = 1'000'000'000;
constexpr long highest_id = 4294967294;  // -1 means "unchanged" to the kernel

using maybe = std::optional<error>;

maybe check_id(const account& a, const char* option) {
  if (a.numeric() && (a.id() < 0 || a.id() > highest_id)) {
    return bad_request(option, std::to_string(a.id()) + " is not an id");
  }
  return {};
}

error unknown(const char* what, const account& a, int r) {
  if (r == -ENOENT) {
    return os_error(error_stage::identity, a.name(), ENOENT,
                    std::string("there is no such ") + what);
  }
  return os_error(error_stage::identity, a.name(), -r);
}

maybe group_id(const account& a, const char* option, unsigned& gid) {
  if (auto m = check_id(a, option)) return m;
  if (a.numeric()) {
    gid = static_cast<unsigned>(a.id());
    return {};
  }
  const int r = sys::find_group(a.name(), gid);
  if (r < 0) return unknown("group", a, r);
  return {};
}

// A user brings its groups along: leaving root's in place would not be dropping privileges.
maybe resolve_user(const options& o, spawn_spec& r) {
  if (!o.user.given()) return {};
  if (auto m = check_id(o.user, "user")) return m;
  sys::user_record user;
  const int found = o.user.numeric() ? sys::find_user(static_cast<unsigned>(o.user.id()), user)
                                     : sys::find_user(o.user.name(), user);
  if (found < 0 && !(o.user.numeric() && found == -ENOENT)) return unknown("user", o.user, found);
  r.uid = found < 0 ? static_cast<unsigned>(o.user.id()) : user.uid;
  if (found < 0) {  // a number without an entry: it has no groups but the given ones
    r.groups.emplace();
    if (!o.group.given()) r.gid = *r.uid;
    return {};
  }
  r.gid = user.gid;
  r.groups = sys::groups_of(user);
  return {};
}

std::vector<unsigned> as_set(std::vector<unsigned> numbers) {
  std::sort(numbers.begin(), numbers.end());
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  return numbers;
}

// No privilege is needed to stay what one is, so no call is made that needs some: neither for ids
// and groups that are so already, nor for groups that come along with a user who is us.
void drop_what_is_so(bool groups_given, spawn_spec& r) {
  const bool same_user = r.uid && r.gid && sys::has_uid(*r.uid) && sys::has_gid(*r.gid);
  if (r.groups && as_set(*r.groups) == as_set(sys::own_groups())) r.groups.reset();
  if (r.groups && same_user && !groups_given && !sys::may_set_groups()) r.groups.reset();
  if (r.gid && sys::has_gid(*r.gid)) r.gid.reset();
  if (r.uid && sys::has_uid(*r.uid)) r.uid.reset();
}

maybe resolve_identity(const options& o, spawn_spec& r) {
  if (auto m = resolve_user(o, r)) return m;
  if (o.group.given()) {
    unsigned gid = 0;
    if (auto m = group_id(o.group, "group", gid)) return m;
    r.gid = gid;
  }
  if (o.extra_groups.given()) {
    r.groups.emplace();
    for (const account& a : o.extra_groups.list()) {
      unsigned gid = 0;
      if (auto m = group_id(a, "extra_groups", gid)) return m;
      r.groups->push_back(gid);
    }
  }
  drop_what_is_so(o.extra_groups.given(), r);
  return {};
}

struct limit_entry {
  int resource;
  const char* name;
  std::optional<std::uint64_t> value;
};

maybe add_limit(const limit_entry& l, const options& o, spawn_spec& r,
                std::vector<std::string>& degraded) {
  if (!l.value) return {};
  std::uint64_t most = 0;
  if (const int e = sys::hard_limit(l.resource, most); e < 0) {
    return os_error(error_stage::limits, l.name, -e);
  }
  std::uint64_t soft = *l.value;
  if (soft > most) {
    const std::string text =
        std::to_string(soft) + " is above the hard limit of " + std::to_string(most);
    if (!o.best_effort) return bad_request(std::string("limits.") + l.name, text);
    degraded.push_back(std::string("limits.") + l.name + ": " + text);
    soft = most;
  }
  // SIGXCPU first, SIGKILL a second later: a command may still say what it was doing.
  const bool cpu = l.resource == RLIMIT_CPU;
  const std::uint64_t hard = cpu ? std::min(soft + 1, most) : soft;
  r.limits.push_back({l.resource, soft, hard});
  return {};
}

maybe resolve_limits(const options& o, spawn_spec& r, std::vector<std::string>& degraded) {
  std::optional<std::uint64_t> cpu;
  if (o.limits.cpu_time.given()) {
    cpu = static_cast<std::uint64_t>((o.limits.cpu_time.nanoseconds() + ns_per_s - 1) / ns_per_s);
  }
  const limit_entry all[] = {{RLIMIT_CPU, "cpu_time", cpu},
                             {RLIMIT_AS, "address_space", o.limits.address_space},
                             {RLIMIT_NOFILE, "open_files", o.limits.open_files},
                             {RLIMIT_FSIZE, "file_size", o.limits.file_size},
                             {RLIMIT_NPROC, "processes", o.limits.processes},
                             {RLIMIT_CORE, "core", o.limits.core},
                             {RLIMIT_STACK, "stack", o.limits.stack}};
  for (const limit_entry& l : all) {
    if (auto m = add_limit(l, o, r, degraded)) return m;
  }
  return {};
}

// By the child's PATH, as it will be: with env replaced, the caller's does not matter.
std::string_view search_path(const spawn_spec& r) {
  constexpr std::string_view name = "PATH=";
  if (r.program.find('/') != r.program.npos) return {};  // it is not searched for
  if (r.inherit_env) {
    const char* path = std::getenv("PATH");
    return path ? path : "/bin:/usr/bin";
  }
  for (const std::string& e : r.env) {
    if (e.starts_with(name)) return std::string_view(e).substr(name.size());
  }
  return "/bin:/usr/bin";
}

}  // namespace

std::optional<error> resolve(const execution_spec& spec, containment level,
                             resolved_spec& resolved) {
  const options& o = spec.opts();
  const std::vector<std::string>& args = spec.cmd().args();
  spawn_spec& r = resolved.start;
  r.args = args;
  r.inherit_env = o.env.is_inherited() && spec.attempt() == 0;
  if (!r.inherit_env) {
    environment env = o.env;
    if (spec.attempt() > 0) number_attempt(env, spec.attempt());
    r.env = env.block(environ);
  }
  r.program = o.executable.empty() ? args.front() : o.executable;
  r.programs = path_candidates(r.program, search_path(r));
  r.cwd = o.cwd;
  r.close_fds = o.close_fds;
  r.keep = o.pass_fds;
  for (const fd_mapping& m : o.map_fds) r.moves.push_back({m.from, m.to});
  r.new_session = o.new_session;
  r.process_group = o.process_group;
  if (level == containment::group && !o.new_session) r.process_group = 0;
  r.umask = o.umask;
  if (o.nice) r.nice = std::clamp(sys::own_nice() + *o.nice, -20, 19);
  r.portable = portable_backend();
  if (auto e = resolve_identity(o, r)) return e;
  return resolve_limits(o, r, resolved.degraded);
}

}  // namespace brood::detail
