// Lists of what POSIX, dash(1) and bash(1) say about words.
// SPDX-License-Identifier: Apache-2.0
#include "map/shell_words.hpp"

#include <algorithm>
#include <iterator>

namespace cli {

namespace {

constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz_";
constexpr std::string_view digits = "0123456789";
constexpr std::size_t npos = std::string_view::npos;

bool has(std::string_view set, char c) { return set.find(c) != npos; }

template <class List>
bool among(const List& all, std::string_view s) {
  return std::find(std::begin(all), std::end(all), s) != std::end(all);
}

std::size_t name_length(std::string_view text) {
  if (text.empty() || !has(letters, text[0])) return 0;
  std::size_t n = 1;
  while (n < text.size() && (has(letters, text[n]) || has(digits, text[n]))) ++n;
  return n;
}

}  // namespace

std::size_t assigned_name(std::string_view text) {
  const std::size_t n = name_length(text);
  return n > 0 && n < text.size() && text[n] == '=' ? n + 1 : 0;
}

bool is_subscript(std::string_view text) {
  const std::size_t n = name_length(text);
  return n > 0 && n < text.size() && text[n] == '[';
}

bool is_special_variable(std::string_view name) {
  constexpr std::string_view own[] = {"ENV",    "EUID",    "FUNCNEST",  "GLOBIGNORE",    "HISTCMD",
                                      "IFS",    "LINENO",  "OPTIND",    "PATH",          "PPID",
                                      "PS0",    "PS1",     "PS2",       "PS3",           "PS4",
                                      "RANDOM", "SECONDS", "SHELLOPTS", "SRANDOM",       "UID",
                                      "_",      "SHELL",   "CDPATH",    "PROMPT_COMMAND"};
  return among(own, name) || name.starts_with("BASH") || name.starts_with("EPOCH") ||
         name.starts_with("COMP_") || name.starts_with("HIST") || name.starts_with("LD_");
}

operand_use use_of_operands(std::string_view command) {
  constexpr std::string_view code[] = {"eval", "let", "trap"};
  constexpr std::string_view names[] = {"bind", "compgen",   "complete", "compopt", "enable",
                                        "fc",   "getopts",   "hash",     "jobs",    "mapfile",
                                        "read", "readarray", "unset",    "wait"};
  constexpr std::string_view assigns[] = {"declare", "export",   "integer",
                                          "local",   "readonly", "typeset"};
  if (among(code, command)) return operand_use::code;
  if (among(names, command)) return operand_use::name;
  return among(assigns, command) ? operand_use::assignment : operand_use::data;
}

bool runs_its_operand(std::string_view command) {
  constexpr std::string_view all[] = {"builtin", "command", "exec"};
  return among(all, command);
}

bool is_shell(std::string_view word) {
  constexpr std::string_view all[] = {"ash",  "bash", "csh",  "dash", "fish", "ksh",
                                      "mksh", "sh",   "tcsh", "yash", "zsh"};
  const std::size_t slash = word.rfind('/');
  return among(all, slash == npos ? word : word.substr(slash + 1));
}

bool is_code_option(const shell_word& w) {
  return w.literal && w.text.size() > 1 && (w.text[0] == '-' || w.text[0] == '+') &&
         w.text.find('c') != npos;
}

parameter_use use_of_parameter(std::string_view inside) {
  constexpr std::string_view special = "@*#?-$!";
  constexpr std::string_view followed = "-_=?+%#:/.,*@!^~ ";
  const bool simple = std::all_of(inside.begin(), inside.end(), [&](char c) {
    return has(letters, c) || has(digits, c) || has(followed, c) || c == '$' || c == '[' ||
           c == ']';
  });
  if (!simple || inside.empty() || inside.find("$", 1) != npos) return {};
  std::string_view rest = inside;
  if (rest.size() > 1 && rest[0] == '#') rest.remove_prefix(1);
  std::size_t n = name_length(rest);
  if (n == 0) n = std::min(rest.find_first_not_of(digits), rest.size());
  if (n == 0 && !rest.empty() && has(special, rest[0])) n = 1;
  rest.remove_prefix(n);
  constexpr std::string_view defaults = "-=?+";
  const bool plain = n > 0 && (rest.empty() || has("-=?+%#", rest[0]) ||
                               (rest.size() > 1 && rest[0] == ':' && has(defaults, rest[1])));
  return {.plain = true, .evaluates = !plain};  // ${!x}, ${x@P}, ${x[y]}, ${x:y} of bash
}

std::size_t parameter_length(std::string_view text) {
  if (const std::size_t n = name_length(text)) return n;
  return !text.empty() && has("0123456789@*#?-$!", text[0]) ? 1 : 0;
}

std::size_t variable_length(std::string_view text, bool after_dollar) {
  if (const std::size_t n = name_length(text)) return n;
  return after_dollar && !text.empty() && has("123456789@*", text[0]) ? 1 : 0;
}

bool names_variable(std::string_view format) {
  for (std::size_t at = format.find('%'); at != npos; at = format.find('%', at + 1)) {
    const std::size_t end = format.find_first_not_of("#0-+ '.*123456789hlLjzt", at + 1);
    if (end != npos && format[end] == 'n') return true;
    at = end == npos ? at : end;
  }
  return false;
}

namespace {

/// Whether a command can begin at `at`, after assignments and redirections perhaps.
bool begins_command(std::string_view text, std::size_t at) {
  constexpr std::string_view before[] = {"if",    "then",    "else", "elif", "while",
                                         "until", "do",      "time", "-p",   "command",
                                         "exec",  "builtin", "eval", "!",    "{"};
  for (;;) {
    const std::size_t end = text.substr(0, at).find_last_not_of(" \t\"");
    if (end == npos) return false;
    if (has(";&|(`\n", text[end])) return true;
    const std::size_t blank = text.substr(0, end + 1).find_last_of(" \t\n;&|()`");
    const std::size_t begin = blank == npos ? 0 : blank + 1;
    const std::string_view word = text.substr(begin, end + 1 - begin);
    if (among(before, word)) return true;
    const std::size_t last = text.substr(0, begin).find_last_not_of(" \t");
    const bool joins = last != npos && last > 0 && text[last] == '&' && has("<>", text[last - 1]);
    const bool is_target = joins || (last != npos && has("<>", text[last]));  // of 2>&1, of > file
    if (!is_target && word.find_first_of("=<>") == npos) return false;
    at = begin;
  }
}

/// A variable stands where a command can, or what prints one: $(...) or `...`.
bool runs_variable(std::string_view text) {
  for (std::size_t i = text.find_first_of("$`"); i != npos; i = text.find_first_of("$`", i + 1)) {
    const std::string_view rest = text.substr(i + 1);
    const bool expands =
        text[i] == '`' || (!rest.empty() && has("{(", rest[0])) || parameter_length(rest) > 0;
    if (expands && begins_command(text, i)) return true;
  }
  return false;
}

/// What a here-document at the start of `text` has as its body, as far as that can be told.
std::string_view body_of(std::string_view text) {
  if (!text.starts_with("<<")) return {};
  std::size_t at = text.starts_with("<<-") ? 3 : 2;
  at = text.find_first_not_of(" \t", at);
  if (at == npos) return {};
  const std::size_t end = text.find_first_not_of(letters, at);
  if (end == at || end == npos) return {};
  const std::string last = "\n" + std::string(text.substr(at, end - at));
  const std::size_t begin = text.find('\n', end);
  if (begin == npos) return {};
  const std::size_t close = text.find(last + "\n", begin);
  const bool at_end = close == npos && text.ends_with(last);
  if (close == npos && !at_end) return {};
  return text.substr(begin, (at_end ? text.size() - last.size() : close) - begin);
}

}  // namespace

bool may_evaluate(std::string_view text) {
  const std::string_view body = body_of(text);
  const std::size_t at = body.empty() ? 0 : static_cast<std::size_t>(body.data() - text.data());
  const std::string_view rest = body.empty() ? text : text.substr(at + body.size());
  if (runs_variable(text.substr(0, at)) || runs_variable(rest)) return true;
  const bool substitutes = body.find("$(") != npos || body.find('`') != npos;
  if (substitutes && runs_variable(body)) return true;
  for (std::size_t i = text.find("${"); i != npos; i = text.find("${", i + 1)) {
    const std::size_t end = std::min(text.find('}', i), text.size());
    const parameter_use use = use_of_parameter(text.substr(i + 2, end - i - 2));
    if (!use.plain || use.evaluates) return true;
  }
  constexpr std::string_view all[] = {"((", "$[",      "[[",      "eval",  "let",  "trap", "unset",
                                      "-v", "declare", "typeset", "local", "read", "-c"};
  return std::any_of(std::begin(all), std::end(all),
                     [&](std::string_view s) { return text.find(s) != npos; });
}

}  // namespace cli
