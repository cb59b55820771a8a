// The parts of brood-obstacle: what each of them makes true for the program that follows.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace launcher {

inline constexpr int cannot = 77;  // the exit status: this machine does not allow the obstacle

// Say why on stderr, and exit.
[[noreturn]] void fail(int status, const std::string& what);
[[noreturn]] void fail_errno(const std::string& what);  // with errno, as `cannot`

// --- system calls
// ---------------------------------------------------------------------------------

// One call, or all from a number on, fails; always, or for some values of one argument.
struct rule {
  enum class compare : unsigned char { none, equal, any_bit };
  unsigned number = 0;
  bool and_all_above = false;
  compare how = compare::none;
  unsigned argument = 0;
  std::uint32_t value = 0;  // of the lower half of the argument
  int error = 0;
};

// "pidfd_send_signal=EPERM", "waitid:0=P_PIDFD=EINVAL", "clone:0&CLONE_PIDFD=EINVAL".
rule parse_rule(std::string_view text);
// The rules of a name: linux-4.18, linux-5.3, linux-5.4, old-container, gvisor, no-memfd.
std::vector<rule> rules_of(std::string_view name);
// In force from here on, in children too. The first rule that matches counts.
void refuse(const std::vector<rule>& rules);

// --- namespaces
// -----------------------------------------------------------------------------------

// Nothing is mounted where /proc should be.
void hide_proc();
// Returns in a new PID namespace that still has the /proc of the old one. There the numbers that
// the program and its children get belong to other processes, the decoys, each of which has a
// child. Whoever goes by that /proc finds those children, whose numbers mean the bystanders here:
// the launcher exits with `bystander_died` if one of them is hurt, with `left_behind` if a process
// is there two seconds after the program ended; else as the program did.
void keep_foreign_proc();
inline constexpr int bystander_died = 99;
inline constexpr int left_behind = 98;

}  // namespace launcher
