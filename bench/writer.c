// Writes as many bytes as its argument says to stdout, as fast as it can.
// SPDX-License-Identifier: Apache-2.0
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char block[1 << 20];

int main(int argc, char** argv) {
  unsigned long long left = argc > 1 ? strtoull(argv[1], NULL, 10) : 0;
  memset(block, 'x', sizeof block);
  while (left > 0) {
    const ssize_t n = write(1, block, left < sizeof block ? left : sizeof block);
    if (n < 0) return 1;
    left -= (unsigned long long)n;
  }
  return 0;
}
