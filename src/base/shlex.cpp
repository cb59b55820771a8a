// Splitting and quoting by POSIX shell rules.
// SPDX-License-Identifier: Apache-2.0
#include <brood/shlex.hpp>

#include "base/make_error.hpp"

namespace brood::shlex {

namespace {

bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }

// One pass over the line; `word_` counts only once `open_` is set, so that '' is a word too.
class splitter {
 public:
  splitter(std::string_view line, bool comments) : line_(line), comments_(comments) {}

  std::vector<std::string> run() {
    while (at_ < line_.size()) {
      const char c = line_[at_++];
      if (is_space(c)) {
        close();
      } else if (comments_ && c == '#') {
        close();
        at_ = std::min(line_.find('\n', at_), line_.size());
      } else {
        open_ = true;
        take(c);
      }
    }
    close();
    return std::move(words_);
  }

 private:
  void take(char c) {
    if (c == '\'') {
      const std::size_t end = line_.find('\'', at_);
      if (end == line_.npos) unfinished();
      word_.append(line_.substr(at_, end - at_));
      at_ = end + 1;
    } else if (c == '"') {
      double_quoted();
    } else if (c == '\\') {
      if (at_ == line_.size()) {
        detail::bad_request("command line", "No escaped character").raise();
      }
      word_ += line_[at_++];
    } else {
      word_ += c;
    }
  }

  // Inside double quotes a backslash quotes only itself and the quote, as Python's shlex has it.
  void double_quoted() {
    while (at_ < line_.size()) {
      const char c = line_[at_++];
      if (c == '"') return;
      if (c == '\\' && at_ == line_.size()) {
        detail::bad_request("command line", "No escaped character").raise();
      }
      const bool escapes = c == '\\' && (line_[at_] == '"' || line_[at_] == '\\');
      word_ += escapes ? line_[at_++] : c;
    }
    unfinished();
  }

  [[noreturn]] static void unfinished() {
    detail::bad_request("command line", "No closing quotation").raise();
  }

  void close() {
    if (open_) words_.push_back(std::move(word_));
    word_.clear();
    open_ = false;
  }

  std::string_view line_;
  bool comments_;
  std::size_t at_ = 0;
  bool open_ = false;
  std::string word_;
  std::vector<std::string> words_;
};

bool is_safe(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("_@%+=:,./-").find(c) != std::string_view::npos;
}

}  // namespace

std::vector<std::string> split(std::string_view line, bool comments) {
  return splitter(line, comments).run();
}

std::string quote(std::string_view word) {
  bool safe = !word.empty();
  for (const char c : word) safe = safe && is_safe(c);
  if (safe) return std::string(word);
  std::string quoted = "'";
  for (const char c : word) {
    if (c == '\'') {
      quoted += "'\"'\"'";
    } else {
      quoted += c;
    }
  }
  return quoted + "'";
}

std::string join(const std::vector<std::string>& words) {
  std::string line;
  for (const std::string& w : words) {
    if (!line.empty()) line += ' ';
    line += quote(w);
  }
  return line;
}

}  // namespace brood::shlex
