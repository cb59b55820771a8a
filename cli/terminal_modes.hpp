// The modes of our terminal, put back after a command that could not do so itself.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <termios.h>

#include <optional>

namespace cli {

/// A command that is killed leaves the terminal as it was using it: raw, without echo.
class terminal_modes {
 public:
  /// Notes them; nothing where there is no terminal.
  terminal_modes();
  terminal_modes(const terminal_modes&) = delete;
  terminal_modes& operator=(const terminal_modes&) = delete;
  ~terminal_modes();

  /// Only while we are in the foreground: otherwise somebody else uses it.
  void restore() const;

 private:
  int terminal_ = -1;
  std::optional<termios> before_;
};

}  // namespace cli
