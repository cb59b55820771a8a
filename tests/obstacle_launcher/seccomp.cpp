// System calls that fail: a seccomp filter, written by hand so that nothing need be linked.
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <iterator>
#include <utility>

#include "launcher.hpp"

namespace launcher {

namespace {

struct named {
  std::string_view name;
  std::uint32_t value;
};

// The numbers of calls that are younger than some headers are the same on all architectures.
constexpr unsigned first_of_5_1 = 424;  // pidfd_send_signal, which begins the common numbers
constexpr unsigned call_close_range = 436;

constexpr named calls[] = {
    {"clone", SYS_clone},
    {"clone3", 435},
    {"close_range", call_close_range},
    {"execveat", SYS_execveat},
    {"faccessat2", 439},
    {"fcntl", SYS_fcntl},
    {"ioctl", SYS_ioctl},
    {"kill", SYS_kill},
    {"memfd_create", SYS_memfd_create},
    {"mmap", SYS_mmap},
    {"openat", SYS_openat},
    {"pidfd_open", 434},
    {"pidfd_send_signal", first_of_5_1},
    {"prctl", SYS_prctl},
    {"prlimit64", SYS_prlimit64},
    {"signalfd4", SYS_signalfd4},
    {"waitid", SYS_waitid},
};

constexpr named errors[] = {
    {"EACCES", EACCES}, {"EINVAL", EINVAL}, {"EMFILE", EMFILE},
    {"ENODEV", ENODEV}, {"ENOLCK", ENOLCK}, {"ENOMEM", ENOMEM},
    {"ENOSYS", ENOSYS}, {"ENOTTY", ENOTTY}, {"EPERM", EPERM},
};

constexpr named values[] = {
    {"CLONE_PIDFD", 0x1000}, {"F_SETLK", F_SETLK},           {"MAP_SHARED", MAP_SHARED},
    {"P_PIDFD", 3},          {"PIDFD_GET_INFO", 0xC040FF0B}, {"PIDFD_SIGNAL_PROCESS_GROUP", 4},
};

template <std::size_t n>
bool look_up(const named (&table)[n], std::string_view name, std::uint32_t& value) {
  for (const named& entry : table) {
    if (entry.name != name) continue;
    value = entry.value;
    return true;
  }
  return false;
}

template <std::size_t n>
std::uint32_t value_of(const named (&table)[n], std::string_view name) {
  std::uint32_t value = 0;
  if (look_up(table, name, value)) return value;
  const std::string text(name);
  char* end = nullptr;
  const unsigned long number = std::strtoul(text.c_str(), &end, 0);
  if (text.empty() || *end != '\0') fail(2, "no such name: " + text);
  return static_cast<std::uint32_t>(number);
}

rule all_from(unsigned number, int error) {
  return {.number = number, .and_all_above = true, .error = error};
}

void add(std::vector<rule>& to, std::initializer_list<std::string_view> texts) {
  for (const std::string_view text : texts) to.push_back(parse_rule(text));
}

constexpr unsigned at_number = offsetof(seccomp_data, nr);
constexpr unsigned at_arch = offsetof(seccomp_data, arch);

#if defined(__x86_64__)
constexpr unsigned our_arch = AUDIT_ARCH_X86_64;
#elif defined(__aarch64__)
constexpr unsigned our_arch = AUDIT_ARCH_AARCH64;
#else
constexpr unsigned our_arch = 0;
#endif

sock_filter statement(unsigned code, std::uint32_t k) {
  return {static_cast<std::uint16_t>(code), 0, 0, k};
}

sock_filter jump(unsigned code, std::uint32_t k, std::size_t then, std::size_t otherwise) {
  return {static_cast<std::uint16_t>(BPF_JMP | BPF_K | code), static_cast<std::uint8_t>(then),
          static_cast<std::uint8_t>(otherwise), k};
}

std::vector<sock_filter> program_of(const std::vector<rule>& rules) {
  constexpr unsigned load = BPF_LD | BPF_W | BPF_ABS;
  const sock_filter allow = statement(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
  std::vector<sock_filter> all{statement(load, at_arch), jump(BPF_JEQ, our_arch, 1, 0), allow};
  for (const rule& r : rules) {
    // What does not match goes behind the last instruction of the rule.
    const std::size_t rest = r.how == rule::compare::none ? 1 : 3;
    all.push_back(statement(load, at_number));
    all.push_back(jump(r.and_all_above ? BPF_JGE : BPF_JEQ, r.number, 0, rest));
    if (r.how != rule::compare::none) {
      // Little-endian, as both architectures are: the lower half comes first.
      const std::size_t at = offsetof(seccomp_data, args) + r.argument * sizeof(std::uint64_t);
      all.push_back(statement(load, static_cast<std::uint32_t>(at)));
      all.push_back(jump(r.how == rule::compare::equal ? BPF_JEQ : BPF_JSET, r.value, 0, 1));
    }
    const auto error = static_cast<std::uint32_t>(r.error) & SECCOMP_RET_DATA;
    all.push_back(statement(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error));
  }
  all.push_back(allow);
  return all;
}

}  // namespace

rule parse_rule(std::string_view text) {
  const std::size_t last = text.rfind('=');
  if (last == std::string_view::npos) fail(2, "--refuse CALL[:ARG=VALUE]=ERROR");
  rule r;
  r.error = static_cast<int>(value_of(errors, text.substr(last + 1)));
  const std::string_view what = text.substr(0, last);
  const std::size_t colon = what.find(':');
  r.number = value_of(calls, what.substr(0, colon));
  if (colon == std::string_view::npos) return r;
  const std::string_view condition = what.substr(colon + 1);
  const std::size_t at = condition.find_first_of("=&");
  if (at == std::string_view::npos) fail(2, "a condition is ARG=VALUE or ARG&BITS");
  r.argument = value_of(values, condition.substr(0, at));
  if (r.argument > 5) fail(2, "a call has six arguments, from 0");
  r.value = value_of(values, condition.substr(at + 1));
  r.how = condition[at] == '=' ? rule::compare::equal : rule::compare::any_bit;
  return r;
}

std::vector<rule> rules_of(std::string_view name) {
  std::vector<rule> all;
  if (name == "no-memfd") {
    add(all, {"memfd_create=ENOSYS", "execveat=ENOSYS"});
  } else if (name == "gvisor") {
    add(all,
        {"pidfd_send_signal=ENOSYS", "waitid:0=P_PIDFD=EINVAL", "ioctl:1=PIDFD_GET_INFO=ENOTTY"});
  } else if (name == "old-container") {
    // What its profile does not know is EPERM, but for clone3, for which libraries have no other
    // way.
    add(all, {"clone3=ENOSYS"});
    all.push_back(all_from(first_of_5_1, EPERM));
  } else if (name == "linux-4.18" || name == "linux-5.3" || name == "linux-5.4") {
    // clone3 is there from 5.3 on, but without CLONE_CLEAR_SIGHAND, which a filter cannot see.
    add(all, {"clone3=ENOSYS", "ioctl:1=PIDFD_GET_INFO=ENOTTY",
              "pidfd_send_signal:3&PIDFD_SIGNAL_PROCESS_GROUP=EINVAL"});
    if (name != "linux-5.4") add(all, {"waitid:0=P_PIDFD=EINVAL"});
    if (name == "linux-4.18") add(all, {"clone:0&CLONE_PIDFD=EINVAL"});
    all.push_back(all_from(name == "linux-4.18" ? first_of_5_1 : call_close_range, ENOSYS));
  } else {
    fail(2, "no such set of rules: " + std::string(name));
  }
  return all;
}

void refuse(const std::vector<rule>& rules) {
  if (rules.empty()) return;
  if (our_arch == 0) fail(cannot, "no filter is written for this architecture");
  std::vector<sock_filter> program = program_of(rules);
  const sock_fprog whole{static_cast<unsigned short>(program.size()), program.data()};
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0) fail_errno("no_new_privs");
  if (prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &whole) != 0) fail_errno("seccomp");
}

}  // namespace launcher
