// The least program with a C library, static: what most programs cost at least.
// SPDX-License-Identifier: Apache-2.0
int main(void) { return 0; }
