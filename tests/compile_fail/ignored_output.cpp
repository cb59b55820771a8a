// check_output() is called for its output; check_call() is there for who wants none.
// SPDX-License-Identifier: Apache-2.0
// expect-error: ignoring return value .*nodiscard
#include <brood/run.hpp>

int main() { brood::check_output({"uname"}); }
