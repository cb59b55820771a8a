// A std::string is not a command either, although it is a range of characters.
// SPDX-License-Identifier: Apache-2.0
// expect-error: invalid initialization of reference|could not bind|no viable conversion
#include <string>

#include <brood/run.hpp>

int main() { return brood::run(std::string("ls -l")).returncode().value_or(1); }
