// A program that writes a line to each of stdout and stderr, without a C
// library. SPDX-License-Identifier: Apache-2.0
#include "tiny.h"

__attribute__((noreturn)) void _start(void) {
  static const char out[] = "hello, world\n";
  static const char err[] = "hello, operator\n";
  call(SYS_write, 1, (long)out, sizeof out - 1);
  call(SYS_write, 2, (long)err, sizeof err - 1);
  leave(0);
}
