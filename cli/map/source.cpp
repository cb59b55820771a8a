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
#include "map/csv.hpp"

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

constexpr const char* nul_byte =
    " has a NUL byte, which no argument can have: are they separated by NUL (-0)?";

char column_separator(const record_format& f) { return f.separator.empty() ? ',' : f.separator[0]; }

void split(std::string_view line, const record_format& f, fields& to) {
  to.clear();
  if (f.blanks) {
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
    const std::string& word = all_[at_++];
    if (format_.csv) {
      to = read_csv_word(word, column_separator(format_));
    } else {
      split(word, format_, to);
    }
    return got::one;
  }
  std::optional<std::uint64_t> left() const override { return all_.size() - at_; }

 private:
  std::vector<std::string> all_;
  record_format format_;
  std::size_t at_ = 0;
};

/// Records of a file, a pipe or a terminal.
class file_records : public source {
 public:
  file_records(int fd, bool owned, std::string name, record_format f)
      : format_(std::move(f)), fd_(fd), owned_(owned), name_(std::move(name)) {}
  ~file_records() override {
    if (owned_) ::close(fd_);
  }

  got next(fields& to) override {
    for (;;) {
      if (has_begun() && find_record(to)) return got::one;
      if (ended_) return got::end;
      if (++reads_ > most_reads_at_once || !is_ready()) {
        reads_ = 0;
        return got::wait;
      }
      read_more();
    }
  }
  int waits_for() const override { return fd_; }

 protected:
  /// Takes a whole record, or what there is if the input has ended.
  virtual bool find_record(fields& to) = 0;

  std::string_view rest() const { return std::string_view(buffer_).substr(begin_); }
  void drop(std::size_t bytes) { begin_ += std::min(bytes, buffer_.size() - begin_); }
  bool ended() const { return ended_; }
  [[noreturn]] void fail(std::uint64_t line, const std::string& what) const {
    throw failure{"'" + name_ + "', line " + std::to_string(line) + what};
  }

  record_format format_;

 private:
  /// Skips the mark with which some programs begin a table; waits for enough to know.
  bool has_begun() {
    if (begun_ || !format_.may_have_mark) return true;
    constexpr std::string_view mark = "\xEF\xBB\xBF";
    if (rest().size() < mark.size() && mark.starts_with(rest()) && !ended_) return false;
    if (rest().starts_with("\xFF\xFE") || rest().starts_with("\xFE\xFF")) {
      fail(1, " is UTF-16: 'iconv -f utf-16 -t utf-8' makes a table of it that can be read");
    }
    begun_ = true;
    if (rest().starts_with(mark)) drop(mark.size());
    return true;
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

  int fd_;
  bool owned_;
  std::string name_;
  std::string buffer_;
  std::size_t begin_ = 0;
  bool begun_ = false;
  bool ended_ = false;
  int reads_ = 0;  // since the last got::wait
};

class lines final : public file_records {
 public:
  using file_records::file_records;

 private:
  bool find_record(fields& to) override {
    const std::string_view text = rest();
    const std::size_t end = std::min(text.find(format_.delimiter, searched_), text.size());
    searched_ = end;
    if (end == text.size() && (text.empty() || !ended())) return false;
    ++number_;
    const std::string_view line = text.substr(0, end);
    if (line.find('\0') != line.npos) fail(number_, nul_byte);
    split(line, format_, to);
    drop(end + 1);
    searched_ = 0;
    return true;
  }

  std::size_t searched_ = 0;
  std::uint64_t number_ = 0;
};

class csv_records final : public file_records {
 public:
  csv_records(int fd, bool owned, std::string name, const record_format& f)
      : file_records(fd, owned, std::move(name), f), reader_(column_separator(f)) {}

 private:
  bool find_record(fields& to) override {
    std::string_view text = rest();
    const std::size_t had = text.size();
    const std::uint64_t line = reader_.line();
    const bool complete = reader_.read(text);
    if (std::string_view(rest()).substr(0, had - text.size()).find('\0') != text.npos) {
      fail(line, nul_byte);
    }
    drop(had - text.size());
    if (!complete) {
      if (!ended()) return false;
      if (reader_.in_quotes()) fail(reader_.quoted_since(), ": a quote is not closed");
      if (!reader_.finish()) return false;
    }
    to = reader_.take();
    return true;
  }

  csv_reader reader_;
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

std::unique_ptr<source> words_source(std::vector<std::string> all, const record_format& f) {
  return std::make_unique<words>(std::move(all), f);
}

std::unique_ptr<source> file_source(const std::string& path, const record_format& f) {
  const bool is_stdin = path == "-";
  const int fd = is_stdin ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) throw system_failure("open '" + path + "'");
  const std::string name = is_stdin ? "stdin" : path;
  if (f.csv) return std::make_unique<csv_records>(fd, !is_stdin, name, f);
  return std::make_unique<lines>(fd, !is_stdin, name, f);
}

}  // namespace cli
