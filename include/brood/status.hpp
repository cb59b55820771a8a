// How a command ended, why, and what it used.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <brood/duration.hpp>

namespace brood {

/// How a process ended: with an exit code or by a signal, never folded into one number.
class exit_status {
 public:
  constexpr exit_status() noexcept = default;  ///< undetermined
  static constexpr exit_status exited(int code) noexcept { return {how::exited, code, false}; }
  static constexpr exit_status signaled(int signal, bool core) noexcept {
    return {how::signaled, signal, core};
  }

  constexpr std::optional<int> code() const noexcept {
    return how_ == how::exited ? std::optional<int>(value_) : std::nullopt;
  }
  constexpr std::optional<int> signal() const noexcept {
    return how_ == how::signaled ? std::optional<int>(value_) : std::nullopt;
  }
  constexpr bool core_dumped() const noexcept { return core_; }
  constexpr bool success() const noexcept { return how_ == how::exited && value_ == 0; }
  /// False if the status was lost because other code in the program reaped the child (a SIGCHLD
  /// handler with wait(-1), SIGCHLD ignored) and the kernel does not keep it (before 6.15).
  constexpr bool determined() const noexcept { return how_ != how::undetermined; }
  /// Python's convention: the code, or the negative number of the signal; nullopt if undetermined.
  constexpr std::optional<int> returncode() const noexcept {
    if (how_ == how::undetermined) return std::nullopt;
    return how_ == how::signaled ? -value_ : value_;
  }
  /// "exit status 3", "killed by SIGSEGV (core dumped)".
  std::string to_string() const;
  friend constexpr bool operator==(const exit_status&, const exit_status&) noexcept = default;

 private:
  enum class how : unsigned char { undetermined, exited, signaled };
  constexpr exit_status(how h, int value, bool core) noexcept
      : value_(value), how_(h), core_(core) {}
  int value_ = 0;
  how how_ = how::undetermined;
  bool core_ = false;
};

/// Why the command ended. Evidence, not guesses.
enum class reason : unsigned char {
  exited,           ///< by itself, with a code
  signaled,         ///< by a signal that brood did not send
  timed_out,        ///< stopped at options::timeout
  idle_timed_out,   ///< stopped at options::idle_timeout
  cpu_limit,        ///< by limits::cpu_time
  memory_limit,     ///< by a memory limit of the tree, said by its cgroup
  output_limit,     ///< stopped for writing more than options::max_output
  file_size_limit,  ///< by limits::file_size (SIGXFSZ)
  cancelled,        ///< stopped by the caller
  not_started,      ///< never ran
};
std::string_view to_string(reason r) noexcept;

/// What a stop reaches, from least to most; see docs/guide/stopping.md.
enum class containment : unsigned char {
  process,  ///< the child alone
  group,    ///< all that did not leave the child's process group
  tree,     ///< all descendants except daemons that had re-parented before the stop
  sealed,   ///< everything, even when the caller is SIGKILLed
};
std::string_view to_string(containment c) noexcept;

/// By which system calls a command was started and waited for.
enum class backend : unsigned char {
  native,  ///< Linux: clone3(2) in the caller's memory, the exit as an event of a pidfd
  posix,   ///< portable: fork(2), exit noticed by waitid(2) with growing pauses of at most 10 ms
};
std::string_view to_string(backend b) noexcept;

/// What the command and the children that it waited for used. Source: getrusage(2).
struct usage {
  std::chrono::nanoseconds wall{};    ///< from the start to the exit
  std::chrono::nanoseconds user{};    ///< CPU time in user mode
  std::chrono::nanoseconds system{};  ///< CPU time in the kernel
  std::uint64_t max_rss_bytes = 0;    ///< of the largest process, not of the tree
  std::uint64_t minor_faults = 0;
  std::uint64_t major_faults = 0;
  std::uint64_t blocks_in = 0;   ///< of 512 bytes
  std::uint64_t blocks_out = 0;  ///< of 512 bytes
  std::uint64_t voluntary_switches = 0;
  std::uint64_t involuntary_switches = 0;
};

/// A signal's number from "TERM", "SIGTERM", "term" or "15"; nullopt if there is none.
std::optional<int> signal_number(std::string_view name) noexcept;
/// "SIGTERM"; "signal 77" for a number without a name.
std::string signal_name(int number);

}  // namespace brood
