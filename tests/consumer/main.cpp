// Runs the program named by its first argument, as a user of the installed library would.
// SPDX-License-Identifier: Apache-2.0
#include <cstdio>

#include <brood/run.hpp>

int main(int argc, char** argv) {
  if (argc != 2) return 2;
  auto result = brood::run({argv[1], "echo", "x"}, {.capture_output = true});
  std::fputs(result.out.c_str(), stdout);
}
