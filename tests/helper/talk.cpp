// Verbs that hold a conversation, and what they can know about a terminal.
// SPDX-License-Identifier: Apache-2.0
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

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

void verb_serve(arguments) {
  std::string line;
  while (take_line(STDIN_FILENO, line)) {
    std::vector<char*> words;
    for (char* at = std::strtok(line.data(), " "); at; at = std::strtok(nullptr, " ")) {
      words.push_back(at);
    }
    run_chain(words, ",");
  }
}

void verb_serve_socket(arguments) {
  const char* number = std::getenv("BROOD_WORKER_FD");
  if (number == nullptr) fail_usage("there is no BROOD_WORKER_FD");
  for (int fd : {STDIN_FILENO, STDOUT_FILENO}) {
    if (dup2(to_fd(number), fd) < 0) fail("dup2");
  }
  close(to_fd(number));
  verb_serve({});
}

void verb_echo_frames(arguments) {
  const auto take_all = [](char* to, std::size_t size) {
    while (size > 0) {
      const std::size_t n = take(STDIN_FILENO, to, size);
      if (n == 0) return false;
      to += n;
      size -= n;
    }
    return true;
  };
  unsigned char length[4];
  while (take_all(reinterpret_cast<char*>(length), sizeof length)) {
    std::string message(length, length + sizeof length);
    std::size_t size = 0;
    for (int i = 3; i >= 0; --i) size = size << 8 | length[i];
    message.resize(sizeof length + size);
    if (!take_all(message.data() + sizeof length, size)) return;
    put(STDOUT_FILENO, message);
  }
}

}  // namespace helper
