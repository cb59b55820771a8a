// What all verbs of brood-helper share: unbuffered I/O, number and signal parsing, bounded forks.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace helper {

// The words after a verb, up to the separator.
using arguments = std::span<char*>;

// The status of the helper's own failures (usage, a system call): no test expects it.
inline constexpr int failure_status = 120;
inline constexpr unsigned safety_seconds = 300;

extern const char* program_name;  // argv[0], as it came

// `what: strerror(errno)` to stderr, then the failure status.
[[noreturn]] void fail(std::string_view what);
[[noreturn]] void fail_usage(std::string_view what);

// Writes everything, at once: partial writes, EINTR and a non-blocking descriptor are handled.
void put(int fd, std::string_view text);
// One read; 0 at end-of-file. EINTR and a non-blocking descriptor are handled.
std::size_t take(int fd, char* to, std::size_t size);
// Reads byte by byte, so that nothing is lost for whoever reads this descriptor next.
// False at end-of-file without a byte; the newline is not part of `line`.
bool take_line(int fd, std::string& line);

std::int64_t to_integer(const char* text);
int to_fd(const char* text);
double to_seconds(const char* text);          // 0 .. safety_seconds
std::uint64_t to_size(const char* text);      // 10, 64K, 1M, 2G: powers of 1024
int to_signal(const char* text);              // TERM, SIGTERM, 15
std::string signal_name(int number);          // TERM; the number where there is no name
std::string unescape(std::string_view text);  // \n \r \t \0 \\ \xHH

void sleep_until(std::int64_t monotonic_nanoseconds);
std::int64_t monotonic_now();

// Kills this process after safety_seconds, whatever it blocks or ignores. Not inherited by fork.
void arm_safety_net();

// fork, with the safety net armed in the child and a failed fork reported.
pid_t fork_bounded();

// Ends a process we forked. Refuses pids that would reach more than one process.
void kill_child(pid_t pid, int signal);

// Runs a chain of verbs separated by `separator`.
void run_chain(arguments words, std::string_view separator);

}  // namespace helper
