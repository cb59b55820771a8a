// A string is not a command: neither split nor given to a shell unless asked for by name.
// SPDX-License-Identifier: Apache-2.0
// expect-error: invalid initialization of reference|could not bind|no viable conversion
#include <brood/run.hpp>

int main() { return brood::run("ls -l").returncode().value_or(1); }
