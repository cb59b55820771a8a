// Does a test leave the process, and the machine, as it found them?
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include <brood/status.hpp>

namespace brood {

// Where a test has one as its parameter, gtest would print its bytes.
inline void PrintTo(containment level, std::ostream* to) { *to << to_string(level); }

}  // namespace brood

namespace support {

// Whether the memory that a process takes says something: a sanitizer has its own.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
inline constexpr bool memory_counts = false;
#else
inline constexpr bool memory_counts = true;
#endif

// What a call into the library must not change, each item as a text that a person can read.
struct snapshot {
  std::map<int, std::string> descriptors;   // number -> target and flags
  std::map<int, std::string> dispositions;  // signal -> handler, flags, mask
  std::string blocked;                      // the signal mask of the calling thread
  std::string cwd;
  std::string umask;
  std::map<pid_t, std::string> children;  // pid -> its name; zombies too
  std::size_t threads = 0;
  std::vector<std::string> environment;  // sorted

  static snapshot take();
};

// One line for each difference, by name; empty if there is none.
std::vector<std::string> differences(const snapshot& before, const snapshot& after);

// Reports each difference from now as a failure of the running test. Children and threads that
// are about to vanish get up to two seconds; nothing waits if there are none.
void expect_clean(const snapshot& before);

struct survivor {
  pid_t pid;
  std::string command;
};

// Every process of the machine, other than this one, whose environment holds
// `BROOD_TEST_MARK=mark`. Without an argument: the mark of the running os_test.
//
// The kernel shows the environment of the last exec: a fork of this process that has not executed
// anything does not have the mark, and is found among the children.
std::vector<survivor> survivors(const std::string& mark);
std::vector<survivor> survivors();
// Whether there is none of these, perhaps after a while.
bool none_survive();

// Starts (never as pid 1, which adopts every orphan) in a fresh directory, which is the working
// directory, and is in the home directory; and ends only as it began: same descriptors, signals,
// umask, environment; no children, no survivors (found by BROOD_TEST_MARK).
class os_test : public ::testing::Test {
 protected:
  void SetUp() override;
  void TearDown() override;

  const std::string& dir() const { return dir_; }
  std::string path(const std::string& name) const { return dir_ + "/" + name; }

 private:
  std::string dir_;
  std::string old_cwd_;
  std::optional<std::string> old_home_;
  std::string mark_;
  snapshot before_;
};

}  // namespace support
