// A running command has one owner: it is moved, not copied.
// SPDX-License-Identifier: Apache-2.0
// expect-error: (use of deleted function|implicitly-deleted copy constructor).*process
#include <brood/process.hpp>

int main() {
  const brood::process p = brood::spawn({"true"});
  const brood::process q = p;
  return q.pid();
}
