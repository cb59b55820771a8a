// Verbs that hold a conversation, and what they can know about a terminal.
// SPDX-License-Identifier: Apache-2.0
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <string>

#include "verbs.hpp"

namespace helper {

void verb_read_input_line(arguments) {
  std::string line;
  const bool got = take_line(STDIN_FILENO, line);
  put(STDOUT_FILENO, got ? "got: " + line + "\n" : "eof\n");
}

void verb_calc(arguments) {
  std::string line;
  while (take_line(STDIN_FILENO, line) && line != "quit") {
    int left = 0;
    int right = 0;
    char sign = 0;
    char extra = 0;
    std::string answer = "error";
    if (std::sscanf(line.c_str(), "%9d%c%9d%c", &left, &sign, &right, &extra) == 3) {
      const auto a = static_cast<std::int64_t>(left);
      if (sign == '+') answer = std::to_string(a + right);
      if (sign == '*') answer = std::to_string(a * right);
    }
    put(STDOUT_FILENO, answer + "\n");
  }
}

void verb_prompt(arguments args) {
  put(STDOUT_FILENO, unescape(args[0]));
  std::string line;
  take_line(STDIN_FILENO, line);
  put(STDOUT_FILENO, "hello " + line + "\n");
}

void verb_isatty(arguments) {
  std::string text;
  for (int fd = 0; fd <= 2; ++fd) {
    text += std::to_string(fd) + (isatty(fd) != 0 ? " yes\n" : " no\n");
  }
  put(STDOUT_FILENO, text);
}

void verb_tty_size(arguments) {
  for (int fd = 0; fd <= 2; ++fd) {
    winsize size{};
    if (ioctl(fd, TIOCGWINSZ, &size) == 0) {
      put(STDOUT_FILENO, std::to_string(size.ws_row) + " " + std::to_string(size.ws_col) + "\n");
      return;
    }
  }
  put(STDOUT_FILENO, "none\n");
}

}  // namespace helper
