// How many random inputs a test makes, and from what: BROOD_FUZZ_ROUNDS and BROOD_FUZZ_SEED.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdlib>
#include <random>

namespace support {

// `usual` takes seconds; whoever has more time sets BROOD_FUZZ_ROUNDS.
inline std::size_t fuzz_rounds(std::size_t usual) {
  const char* const given = std::getenv("BROOD_FUZZ_ROUNDS");
  return given != nullptr ? std::strtoul(given, nullptr, 10) : usual;
}

// The same in each run, so that a failure can be had again.
inline std::mt19937::result_type fuzz_seed() {
  const char* const given = std::getenv("BROOD_FUZZ_SEED");
  return given != nullptr ? static_cast<std::mt19937::result_type>(std::strtoul(given, nullptr, 10))
                          : 1;
}

}  // namespace support
