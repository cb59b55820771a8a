// An option that does not exist is not taken for another.
// SPDX-License-Identifier: Apache-2.0
// expect-error: no non-static data member named .timeuot|.timeuot. does not refer to any field
#include <chrono>

#include <brood/options.hpp>

int main() {
  const brood::options o{.timeuot = std::chrono::seconds(1)};
  return o.check;
}
