// Guesses what was meant by a program that does not exist, and by arguments that were not given.
// SPDX-License-Identifier: Apache-2.0
#include "hints.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <string_view>

#include <brood/option_table.hpp>

#include "exit.hpp"
#include "io.hpp"
#include "programs.hpp"

namespace cli {

namespace {

constexpr std::string_view letters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_";

constexpr std::string_view shell_signs = " \t\n|&;<>()$`*?'\"";
constexpr std::string_view shell_advice = "; if it is text for a shell, write --shell";

/// "A=1"
bool is_assignment(std::string_view word) {
  const std::size_t equals = word.find('=');
  return equals != word.npos && equals > 0 && letters.find(word[0]) != letters.npos &&
         word.substr(0, equals).find_first_of(" /.-") == word.npos;
}

/// What a shell does itself, and what does it here.
std::string builtin(std::string_view word) {
  struct instead {
    std::string_view names;  // each between blanks
    std::string_view option;
  };
  constexpr instead all[] = {
      {" cd pushd ", "-C DIR runs the command there"},
      {" export set env= ", "--env NAME=VALUE sets a variable"},
      {" unset ", "--env-unset NAME removes a variable"},
      {" ulimit ", "limits are options, such as --open-files"},
      {" umask ", "it is an option, --umask"},
      {" source . alias eval if for while until case function wait trap read shopt declare local { "
       "( ! ",
       "--shell takes the text for /bin/sh"},
  };
  const std::string key = " " + std::string(word) + " ";
  for (const instead& i : all) {
    if (i.names.find(key) == i.names.npos) continue;
    return "; '" + std::string(word) + "' is a part of the shell: " + std::string(i.option);
  }
  return {};
}

std::string hint_for_missing(const std::string& word) {
  if (word.find('/') == word.npos && is_program("./" + word)) {
    return "; did you mean ./" + word + "?";
  }
  if (word.find_first_of(shell_signs) != word.npos || word.starts_with("~/")) {
    return std::string(shell_advice);
  }
  if (is_assignment(word)) return "; --env " + word + " sets a variable";
  if (word.starts_with('-')) return "; options come before the command and before --";
  if (brood::parse_duration(word)) return "; a time limit is --timeout " + word;
  return builtin(word);
}

bool is_script(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return false;
  std::string begin(2, '\0');
  const bool read = read_at(fd, begin, 0) == 2;
  ::close(fd);
  return read && begin == "#!";
}

std::string hint_for_refused(const std::string& word) {
  const bool refused = ::access(word.c_str(), X_OK) != 0;
  return refused && is_script(word) ? "; 'chmod +x' makes the script executable" : "";
}

/// Not of one that stands for a closed stream: map opens that the wrong way round.
bool is_null_device(int fd) {
  struct stat ours {};
  struct stat null {};
  if ((::fcntl(fd, F_GETFL) & O_ACCMODE) == O_WRONLY) return false;
  return ::fstat(fd, &ours) == 0 && ::stat("/dev/null", &null) == 0 && S_ISCHR(ours.st_mode) &&
         ours.st_rdev == null.st_rdev;
}

/// "::" and the like, ":::a".
void refuse_near_separators(std::span<const std::string> words) {
  for (const std::string& word : words) {
    const bool colons = word.find_first_not_of(":+") == word.npos && word.starts_with("::");
    if (!colons && !word.starts_with(":::")) continue;
    throw failure{"map: '" + word + "' does not begin the arguments; did you mean ':::" +
                  (colons ? "'?" : " " + word.substr(word.find_first_not_of(':')) + "'?")};
  }
}

}  // namespace

std::string message_of(const brood::error& e) {
  if (e.stage() != brood::error_stage::exec) return e.what();
  std::string hint;
  if (e.kind() == brood::error_kind::not_found) hint = hint_for_missing(e.subject());
  if (e.kind() == brood::error_kind::denied) hint = hint_for_refused(e.subject());
  return e.what() + hint;
}

void refuse_shell_text(const std::string& program) {
  const std::size_t end = program.find_first_of(shell_signs);
  if (end == program.npos || program.find('{') == program.npos) return;
  if (!is_program(program.substr(0, end))) return;
  throw failure{"map: there is no program '" + program + "'" + std::string(shell_advice)};
}

void explain_stdin(std::span<const std::string> command, bool blocks, bool quiet) {
  const bool terminal = ::isatty(STDIN_FILENO) == 1;
  if (!terminal && !is_null_device(STDIN_FILENO)) return;
  if (!blocks) refuse_near_separators(command);
  if (quiet || (blocks && !terminal)) return;
  complain(blocks ? "map: reading the input of the jobs from the terminal, until Ctrl-D"
           : terminal
               ? "map: reading arguments from the terminal, one a line, until Ctrl-D; or give them "
                 "after ':::'"
               : "map: there are no arguments: stdin is /dev/null; give them after ':::'");
}

}  // namespace cli
