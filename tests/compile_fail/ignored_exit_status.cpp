// wait() gives the exit status: ignoring it is a mistake.
// SPDX-License-Identifier: Apache-2.0
// expect-error: ignoring return(ed)? value .*nodiscard
#include <brood/process.hpp>

int main() {
  brood::process p = brood::spawn({"false"});
  p.wait();
}
