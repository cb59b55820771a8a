// Sleeps for as many milliseconds as its argument says, prints the monotonic
// time in ns, and exits. SPDX-License-Identifier: Apache-2.0
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

int main(int argc, char** argv) {
  const long ms = argc > 1 ? atol(argv[1]) : 0;
  const struct timespec pause = {ms / 1000, ms % 1000 * 1000000};
  nanosleep(&pause, NULL);
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  char text[32];
  const int size = snprintf(text, sizeof text, "%lld\n", now.tv_sec * 1000000000LL + now.tv_nsec);
  if (write(1, text, (size_t)size) != size) _exit(1);
  _exit(0);
}
