// Looks for an executable file as execvp(3) does.
// SPDX-License-Identifier: Apache-2.0
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <string>

#include "programs.hpp"

namespace cli {

namespace {

bool is_executable(const std::string& path) {
  struct stat about {};
  return ::stat(path.c_str(), &about) == 0 && S_ISREG(about.st_mode) &&
         ::access(path.c_str(), X_OK) == 0;
}

}  // namespace

bool is_program(std::string_view word) {
  if (word.empty()) return false;
  if (word.find('/') != word.npos) return is_executable(std::string(word));
  const char* const path = std::getenv("PATH");
  for (std::string_view rest = path != nullptr ? path : "/usr/bin:/bin"; !rest.empty();) {
    const std::string folder(rest.substr(0, rest.find(':')));
    rest.remove_prefix(std::min(folder.size() + 1, rest.size()));
    if (is_executable((folder.empty() ? "." : folder) + "/" + std::string(word))) return true;
  }
  return false;
}

}  // namespace cli
