// Verbs that move bytes: through the standard streams, through other descriptors, in bulk.
// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "../support/pattern.hpp"
#include "verbs.hpp"

namespace helper {

namespace {

constexpr std::size_t copy_size = 64 * 1024;
constexpr std::size_t spam_size = 1024 * 1024;

template <class Use>
std::uint64_t for_each_block(int fd, Use use) {
  std::vector<char> buffer(copy_size);
  std::uint64_t total = 0;
  while (const std::size_t n = take(fd, buffer.data(), buffer.size())) {
    use(std::string_view(buffer.data(), n));
    total += n;
  }
  return total;
}

void copy_to_stdout(int fd) {
  for_each_block(fd, [](std::string_view block) { put(STDOUT_FILENO, block); });
}

}  // namespace

void verb_echo(arguments args) {
  std::string line;
  for (const char* word : args) {
    if (!line.empty() || word != args.front()) line += ' ';
    line += word;
  }
  put(STDOUT_FILENO, line + "\n");
}

void verb_out(arguments args) { put(STDOUT_FILENO, unescape(args[0])); }

void verb_err(arguments args) { put(STDERR_FILENO, unescape(args[0])); }

void verb_args(arguments args) {
  std::string text = "0:" + std::string(program_name) + "\n";
  for (std::size_t i = 0; i < args.size(); ++i) {
    text += std::to_string(i + 1) + ":" + args[i] + "\n";
  }
  put(STDOUT_FILENO, text);
}

void verb_cat(arguments) { copy_to_stdout(STDIN_FILENO); }

void verb_cat_n(arguments args) {
  std::vector<char> buffer(copy_size);
  std::uint64_t left = to_size(args[0]);
  while (left > 0) {
    const auto want = static_cast<std::size_t>(std::min<std::uint64_t>(left, buffer.size()));
    const std::size_t n = take(STDIN_FILENO, buffer.data(), want);
    if (n == 0) return;
    put(STDOUT_FILENO, std::string_view(buffer.data(), n));
    left -= n;
  }
}

void verb_fd_write(arguments args) { put(to_fd(args[0]), unescape(args[1])); }

void verb_fd_read(arguments args) { copy_to_stdout(to_fd(args[0])); }

void verb_close(arguments args) {
  if (close(to_fd(args[0])) != 0) fail("close " + std::string(args[0]));
}

void verb_spam(arguments args) {
  const std::string_view where = args.size() > 1 ? args[1] : "stdout";
  const bool both = where == "both";
  if (!both && where != "stdout" && where != "stderr") fail_usage("spam: where?");
  const std::string block(spam_size, 'x');
  std::uint64_t left = to_size(args[0]);
  while (left > 0) {
    const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(left, block.size()));
    const std::string_view part(block.data(), n);
    // In turns: a reader that drains one stream and then the other gets stuck here, as it should.
    if (both || where == "stdout") put(STDOUT_FILENO, part);
    if (both || where == "stderr") put(STDERR_FILENO, part);
    left -= n;
  }
}

void verb_grow_stdout(arguments args) {
  if (::ftruncate(STDOUT_FILENO, static_cast<off_t>(to_size(args[0]))) != 0) fail("ftruncate");
}

void verb_spam_lines(arguments args) {
  const std::uint64_t count = to_size(args[0]);
  std::string block;
  for (std::uint64_t i = 0; i < count; ++i) {
    block.append("line ").append(std::to_string(i)).append("\n");
    if (block.size() >= copy_size) {
      put(STDOUT_FILENO, block);
      block.clear();
    }
  }
  put(STDOUT_FILENO, block);
}

void verb_swallow(arguments) {
  const std::uint64_t total = for_each_block(STDIN_FILENO, [](std::string_view) {});
  put(STDOUT_FILENO, std::to_string(total) + "\n");
}

void verb_sum(arguments) {
  std::uint64_t hash = support::fnv1a_start;
  const std::uint64_t total = for_each_block(
      STDIN_FILENO, [&hash](std::string_view block) { hash = support::fnv1a(block, hash); });
  put(STDOUT_FILENO, std::to_string(total) + " " + support::hex16(hash) + "\n");
}

void verb_pattern(arguments args) {
  std::uint64_t left = to_size(args[0]);
  support::pattern_source source(to_size(args[1]));
  std::vector<char> block(copy_size);
  while (left > 0) {
    const auto n = static_cast<std::size_t>(std::min<std::uint64_t>(left, block.size()));
    source.fill(std::span(block).first(n));
    put(STDOUT_FILENO, std::string_view(block.data(), n));
    left -= n;
  }
}

}  // namespace helper
