// Options are named in the order of the struct.
// SPDX-License-Identifier: Apache-2.0
// expect-error: designator order .* does not match|initialization order|reorder
#include <brood/run.hpp>

int main() {
  const auto r = brood::run({"true"}, {.cwd = "/", .capture_output = true});
  return r.returncode().value_or(1);
}
