// Words of MAKEFLAGS: blanks separate, a backslash takes what follows it as it is.
// SPDX-License-Identifier: Apache-2.0
#include "jobserver/makeflags.hpp"

#include <vector>

namespace brood::detail {

namespace {

constexpr std::string_view blanks = " \t\n";

/// As they are written, up to `--`; `rest` is that and what follows.
std::vector<std::string_view> flags_of(std::string_view text, std::string_view& rest) {
  std::vector<std::string_view> words;
  rest = {};
  for (std::size_t at = text.find_first_not_of(blanks); at != text.npos;
       at = text.find_first_not_of(blanks, at)) {
    const std::size_t from = at;
    while (at < text.size() && blanks.find(text[at]) == blanks.npos) at += text[at] == '\\' ? 2 : 1;
    const std::string_view word = text.substr(from, at - from);
    if (word == "--") {
      rest = text.substr(from);
      break;
    }
    words.push_back(word);
  }
  return words;
}

bool is_number(std::string_view s) {
  return !s.empty() && s.find_first_not_of("0123456789") == s.npos;
}

std::optional<std::string_view> auth_in(std::string_view word) {
  for (const std::string_view name : {"--jobserver-auth=", "--jobserver-fds="}) {
    if (word.starts_with(name)) return word.substr(name.size());
  }
  return {};
}

bool sets_jobs(std::string_view word) {
  return word.starts_with("--jobs=") || word == "--jobs" || word == "-j" ||
         (word.starts_with("-j") && is_number(word.substr(2)));
}

std::string without_backslashes(std::string_view word) {
  std::string plain;
  for (std::size_t i = 0; i < word.size(); ++i) {
    if (word[i] == '\\' && i + 1 < word.size()) ++i;
    plain += word[i];
  }
  return plain;
}

}  // namespace

std::optional<std::string> jobserver_in(std::string_view makeflags) {
  std::string_view rest;
  std::optional<std::string> last;
  for (const std::string_view word : flags_of(makeflags, rest)) {
    if (const auto auth = auth_in(word)) last = without_backslashes(*auth);
  }
  return last;
}

std::string with_jobserver(std::string_view makeflags, std::string_view ours) {
  std::string_view rest;
  std::string all;
  bool number_follows = false;
  for (const std::string_view word : flags_of(makeflags, rest)) {
    const bool is_theirs = auth_in(word) || sets_jobs(word) || (number_follows && is_number(word));
    number_follows = word == "-j" || word == "--jobs";
    if (is_theirs) continue;
    all.append(word).append(" ");
  }
  all += ours;
  if (!rest.empty()) all.append(" ").append(rest);
  return all;
}

}  // namespace brood::detail
