// Follows a command while it runs: reads its progress line by line, and cancels when it had enough.
// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <string>

#include <brood/brood.hpp>

int main() {
  // Stands for something that takes long and says how far it is.
  const brood::command work =
      brood::shell("i=0; while :; do echo \"done $i %\"; i=$((i + 10)); sleep 0.02; done");

  brood::process p = brood::spawn(work, {.out = brood::PIPE});
  for (const std::string& line : p.out().lines()) {
    int percent = 0;
    if (std::sscanf(line.c_str(), "done %d", &percent) != 1) continue;
    std::printf("%3d %% %s\n", percent,
                std::string(static_cast<std::size_t>(percent / 5), '#').c_str());
    if (percent >= 100) break;
  }
  const brood::exit_status s = p.stop();
  std::printf("%s\n", s.to_string().c_str());
}
