// Parses what another program prints: file systems that are nearly full, from `df -P`.
// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <sstream>
#include <string>

#include <brood/brood.hpp>

int main() {
  constexpr int threshold = 90;
  // df exits with 1 if it could not look at one of them; the others are there nevertheless.
  const auto df = brood::run({"df", "-P"}, {.out = brood::PIPE,
                                            .err = brood::DEVNULL,
                                            .env = brood::environment::inherit().set("LC_ALL", "C"),
                                            .timeout = std::chrono::seconds(10),
                                            .check = true,
                                            .ok_codes = {0, 1}});
  std::istringstream lines(df.out);
  std::string line;
  std::getline(lines, line);  // the heading
  int full = 0;
  while (std::getline(lines, line)) {
    std::istringstream words(line);
    std::string device, blocks, used, available, percent, place;
    words >> device >> blocks >> used >> available >> percent;
    std::getline(words >> std::ws, place);
    if (percent.size() < 2 || std::stoi(percent) < threshold) continue;
    std::printf("%s is %s full\n", place.c_str(), percent.c_str());
    ++full;
  }
  std::printf("%d file systems are over %d %%\n", full, threshold);
}
