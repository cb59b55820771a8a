// Reading and setting the modes of the controlling terminal, termios(3).
// SPDX-License-Identifier: Apache-2.0
#include "terminal_modes.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <iterator>

namespace cli {

namespace {

bool same(const termios& a, const termios& b) {
  return a.c_iflag == b.c_iflag && a.c_oflag == b.c_oflag && a.c_cflag == b.c_cflag &&
         a.c_lflag == b.c_lflag && std::equal(std::begin(a.c_cc), std::end(a.c_cc), b.c_cc);
}

}  // namespace

terminal_modes::terminal_modes()
    : terminal_(::open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK)) {
  termios now{};
  if (terminal_ >= 0 && ::tcgetattr(terminal_, &now) == 0) before_ = now;
}

terminal_modes::~terminal_modes() {
  if (terminal_ >= 0) ::close(terminal_);
}

void terminal_modes::restore() const {
  termios now{};
  if (!before_ || ::tcgetpgrp(terminal_) != ::getpgrp()) return;
  if (::tcgetattr(terminal_, &now) != 0 || same(now, *before_)) return;
  (void)::tcsetattr(terminal_, TCSANOW, &*before_);
}

}  // namespace cli
