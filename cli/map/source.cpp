// Reads records from descriptors as they come, and no further than the next record needs.
// SPDX-License-Identifier: Apache-2.0
#include "map/source.hpp"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <optional>
#include <utility>

#include "exit.hpp"

namespace cli {

namespace {

std::string unescape(std::string_view text, const char* flag) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      plain += text[i];
      continue;
    }
    const char c = ++i < text.size() ? text[i] : ' ';
    constexpr std::string_view names = "tn0r\\";
    constexpr std::string_view chars("\t\n\0\r\\", 5);
    const std::size_t at = names.find(c);
    if (at == names.npos) {
      throw failure{std::string(flag) + ": '" + std::string(text) +
                    "': the escapes are \\t, \\n, \\r, \\0 and \\\\"};
    }
    plain += chars[at];
  }
  return plain;
}

fields split_blanks(std::string_view line) {
  constexpr std::string_view blanks = " \t";
  fields all;
  for (;;) {
    const std::size_t begin = line.find_first_not_of(blanks);
    if (begin == line.npos) return all;
    const std::size_t end = std::min(line.find_first_of(blanks, begin), line.size());
    all.emplace_back(line.substr(begin, end - begin));
    line.remove_prefix(end);
  }
}

void split(std::string_view line, const record_format& f, fields& to) {
  to.clear();
  if (f.csv) {
    to = split_csv(line, f.separator.empty() ? ',' : f.separator[0]);
  } else if (f.blanks) {
    to = split_blanks(line);
  } else if (f.separator.empty()) {
    to.emplace_back(line);
  } else {
    for (std::size_t at = line.find(f.separator); at != line.npos; at = line.find(f.separator)) {
      to.emplace_back(line.substr(0, at));
      line.remove_prefix(at + f.separator.size());
    }
    to.emplace_back(line);
  }
}

class words final : public source {
 public:
  words(std::vector<std::string> all, record_format f)
      : all_(std::move(all)), format_(std::move(f)) {}
  got next(fields& to) override {
    if (at_ == all_.size()) return got::end;
    split(all_[at_++], format_, to);
    return got::one;
  }
  std::optional<std::uint64_t> left() const override { return all_.size() - at_; }

 private:
  std::vector<std::string> all_;
  record_format format_;
  std::size_t at_ = 0;
};

class lines final : public source {
 public:
  lines(int fd, bool owned, std::string name, record_format f)
      : fd_(fd), owned_(owned), name_(std::move(name)), format_(std::move(f)) {}
  ~lines() override {
    if (owned_) ::close(fd_);
  }

  got next(fields& to) override {
    for (;;) {
      if (const std::optional<std::size_t> end = find_end()) {
        take(*end, to);
        return got::one;
      }
      if (ended_) return got::end;
      if (++reads_ > most_reads_at_once || !is_ready()) {
        reads_ = 0;
        return got::wait;
      }
      read_more();
    }
  }
  int waits_for() const override { return fd_; }

 private:
  std::string_view rest() const { return std::string_view(buffer_).substr(begin_); }

  /// The length of the record at begin_, if its end has been read.
  std::optional<std::size_t> find_end() {
    const std::string_view text = rest();
    for (; searched_ < text.size(); ++searched_) {
      if (format_.csv && text[searched_] == '"') quoted_ = !quoted_;
      if (quoted_) continue;
      if (!format_.csv) {  // by memchr(3), which is fast
        searched_ = std::min(text.find(format_.delimiter, searched_), text.size());
        if (searched_ == text.size()) break;
      }
      if (text[searched_] == format_.delimiter) return searched_;
    }
    if (!ended_ || text.empty()) return {};
    if (quoted_) throw failure{where(1) + ": a quote is not closed"};
    return text.size();
  }

  void take(std::size_t length, fields& to) {
    ++number_;
    std::string_view line = rest().substr(0, length);
    if (line.find('\0') != line.npos) {
      throw failure{where() +
                    " has a NUL byte, which no argument can have: are they separated by "
                    "NUL (-0)?"};
    }
    begin_ += std::min(length + 1, buffer_.size() - begin_);
    searched_ = 0;
    if (format_.csv && line.ends_with('\r')) line.remove_suffix(1);
    split(line, format_, to);
  }

  bool is_ready() const {
    pollfd p{fd_, POLLIN, 0};
    return ::poll(&p, 1, 0) != 0;
  }

  void read_more() {
    std::array<char, 65536> block;  // a short input touches only its start
    buffer_.erase(0, begin_);
    begin_ = 0;
    ssize_t n = 0;
    do n = ::read(fd_, block.data(), block.size());
    while (n < 0 && errno == EINTR);
    if (n > 0) buffer_.append(block.data(), static_cast<std::size_t>(n));
    if (n < 0 && errno != EAGAIN) throw system_failure("read '" + name_ + "'");
    ended_ = n == 0;
  }

  std::string where(std::uint64_t ahead = 0) const {
    return "'" + name_ + "', line " + std::to_string(number_ + ahead);
  }

  int fd_;
  bool owned_;
  std::string name_;
  record_format format_;
  std::string buffer_;
  std::size_t begin_ = 0;
  std::size_t searched_ = 0;
  bool quoted_ = false;
  bool ended_ = false;
  int reads_ = 0;  // since the last got::wait
  std::uint64_t number_ = 0;
};

}  // namespace

void set_separator(record_format& f, std::string_view text) {
  f.blanks = text == "\\s+";
  f.separator = f.blanks ? "" : unescape(text, "--colsep");
  if (f.separator.empty() && !f.blanks) throw failure{"--colsep: must not be empty"};
}

char parse_delimiter(std::string_view text) {
  const std::string plain = unescape(text, "--delimiter");
  if (plain.size() != 1) {
    throw failure{"--delimiter: '" + std::string(text) + "' is not one character"};
  }
  return plain[0];
}

fields split_csv(std::string_view line, char separator) {
  fields all(1);
  bool quoted = false;
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quoted && c == '"' && i + 1 < line.size() && line[i + 1] == '"') {
      all.back() += line[++i];
    } else if (c == '"' && (quoted || all.back().empty())) {
      quoted = !quoted;
    } else if (c == separator && !quoted) {
      all.emplace_back();
    } else {
      all.back() += c;
    }
  }
  if (quoted) throw failure{"a quote is not closed: " + std::string(line)};
  return all;
}

std::unique_ptr<source> words_source(std::vector<std::string> all, const record_format& f) {
  return std::make_unique<words>(std::move(all), f);
}

std::unique_ptr<source> file_source(const std::string& path, const record_format& f) {
  if (path == "-") return std::make_unique<lines>(STDIN_FILENO, false, "stdin", f);
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) throw system_failure("open '" + path + "'");
  return std::make_unique<lines>(fd, true, path, f);
}

}  // namespace cli
