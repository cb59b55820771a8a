// A bare number is not a duration: it would be anybody's guess whether it counts seconds.
// SPDX-License-Identifier: Apache-2.0
// expect-error: could not convert .* to .brood::duration|no viable conversion from 'int'
#include <brood/options.hpp>

int main() {
  const brood::options o{.timeout = 10};
  return o.check;
}
