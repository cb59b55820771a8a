// A path by way of an open directory: /proc leads to the directory itself, whatever it is called
// now. SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include "journal/folder.hpp"

namespace journal {

std::string folder::held_path_of(const std::string& name) const {
  const std::string held = "/proc/self/fd/" + std::to_string(descriptor());
  return ::access(held.c_str(), F_OK) == 0 ? held + "/" + name : path_of(name);
}

}  // namespace journal
