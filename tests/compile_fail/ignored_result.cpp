// The result of run() says whether it worked: ignoring it is a mistake.
// SPDX-License-Identifier: Apache-2.0
// expect-error: ignoring return(ed)? value .*nodiscard
#include <brood/run.hpp>

int main() { brood::run({"false"}); }
