// A null pointer is not an argument.
// SPDX-License-Identifier: Apache-2.0
// expect-error: use of deleted function .*nullptr_t|'const brood::arg' invokes a deleted function
#include <brood/command.hpp>

int main() { return static_cast<int>(brood::command{"ls", nullptr}.args().size()); }
