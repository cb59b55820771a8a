// The cases of the matrix that are wrong today, and why; each is to go.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string_view>

namespace matrix {

struct known_case {
  const char* obstacle;  // names between spaces, "*" for any; so are the next two
  const char* face;
  const char* ending;
  const char* why;
};

inline constexpr char no_image[] =
    "memfd_create_EPERM memfd_create_ENOSYS execveat_EPERM execveat_ENOSYS no_memfd";
inline constexpr char walkers[] =
    "tree tree-lenient sealed sealed-lenient pool-tree pool-sealed run map python-sealed";
inline constexpr char all_but_exit[] = "leave timeout cancel request death end";

inline constexpr known_case known_cases[] = {
    {"*", "group tree tree-lenient", "request", "wait() ends a stop when the leader ends"},
    {no_image, "sealed-lenient", "request", "the same: it is a tree then"},
    {no_image, "sealed pool-sealed run map python-sealed", "*", "what is missing is not named"},
    {"no_proc foreign_proc", walkers, all_but_exit, "could not look is taken for nothing there"},
    {"files_of_8192_bytes files_of_0_bytes", "sealed pool-sealed run map python-sealed", "*",
     "the limit is not named"},
    {"files_of_8192_bytes", "sealed-lenient", "request", "it is a tree then"},
    {"files_of_0_bytes", "sealed-lenient", "exit", "SIGXFSZ ends the host"},
    {"64_descriptors", "tree tree-lenient pool-tree", "crowd", "a descriptor for each process"},
    {"clone3_EPERM", "python-process python-sealed", "*", "the thread is not named"},
};

// A pattern is names between spaces.
inline bool covers(std::string_view pattern, std::string_view name) {
  while (pattern != "*" && !pattern.empty()) {
    const std::size_t end = pattern.find(' ');
    if (pattern.substr(0, end) == name) return true;
    pattern = end == std::string_view::npos ? "" : pattern.substr(end + 1);
  }
  return pattern == "*";
}

// Why the case is known to be wrong; null: it is not.
inline const char* known_today(std::string_view obstacle, std::string_view face,
                               std::string_view ending) {
  for (const known_case& c : known_cases) {
    if (covers(c.obstacle, obstacle) && covers(c.face, face) && covers(c.ending, ending)) {
      return c.why;
    }
  }
  return nullptr;
}

}  // namespace matrix
