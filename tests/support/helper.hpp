// Where the programs under test are: the helper that tests start, and the tool.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdlib>
#include <initializer_list>
#include <string>
#include <vector>

namespace support {

// The path of brood-helper. BROOD_HELPER wins, for runs under an emulator or on another machine.
inline std::string helper() {
  const char* path = std::getenv("BROOD_HELPER");
#ifdef HELPER_PATH
  return path != nullptr ? path : HELPER_PATH;
#else
  return path != nullptr ? path : "brood-helper";
#endif
}

// A job that halts its guardian and leaves a child that ignores TERM. Each of the two adds a line
// to the file `ready`.
inline std::vector<std::string> halt_guardian(const std::string& ready) {
  return {helper(),        "bg",   "ignore", "TERM",  ",",   "ready", ready,  ",", "pause", "+",
          "signal-parent", "STOP", "+",      "ready", ready, "+",     "pause"};
}

// The path of the brood tool. BROOD_TOOL wins.
inline std::string tool() {
  const char* path = std::getenv("BROOD_TOOL");
#ifdef TOOL_PATH
  return path != nullptr ? path : TOOL_PATH;
#else
  return path != nullptr ? path : "brood";
#endif
}

// The words of `brood map`.
inline std::vector<std::string> map(std::initializer_list<std::string> rest) {
  std::vector<std::string> argv{tool(), "map"};
  argv.insert(argv.end(), rest);
  return argv;
}

}  // namespace support
