// Which files a program's name may stand for.
// SPDX-License-Identifier: Apache-2.0
#include "spawn/plan.hpp"

namespace brood::detail {

std::vector<std::string> path_candidates(std::string_view program, std::string_view path) {
  std::vector<std::string> found;
  if (program.find('/') != program.npos) {
    found.emplace_back(program);
    return found;
  }
  while (!path.empty()) {
    const std::size_t end = std::min(path.find(':'), path.size());
    const std::string_view directory = path.substr(0, end);
    path.remove_prefix(std::min(end + 1, path.size()));
    if (directory.empty()) continue;
    std::string candidate;
    candidate.reserve(directory.size() + 1 + program.size());
    candidate.append(directory);
    if (candidate.back() != '/') candidate += '/';
    candidate.append(program);
    found.push_back(std::move(candidate));
  }
  return found;
}

}  // namespace brood::detail
