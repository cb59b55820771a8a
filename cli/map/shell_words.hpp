// What words mean to a shell: reserved ones, variables of its own, and commands that evaluate.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace cli {

/// A word of shell text.
struct shell_word {
  std::string text = {};     ///< what it has beside expansions and values, without its quotes
  std::string start = {};    ///< of it, before the first quote, expansion or value
  bool literal = true;       ///< without expansions and values
  bool quoted = false;       ///< some of it
  bool own_value = false;    ///< it has a value
  bool any_value = false;    ///< it, or a command within it, has one
  bool path = false;         ///< before its first value stands what makes it a path, as in ./{}
  bool open = false;         ///< it begins with a value or an expansion
  bool many = false;         ///< it can become several words
  bool parameters = false;   ///< it has $@, which may be no word even within quotes
  bool substitutes = false;  // has $(...) or `...`
  std::vector<std::string> names = {};  ///< of variables and parameters in it
  int braces = 0;                       ///< how much of a {a,b} it has

  /// It may become no word at all.
  bool vanishes() const {
    return !literal && !own_value && text.empty() && (!quoted || parameters);
  }
  bool is(std::string_view s) const { return literal && text == s; }
};

/// What a command does with an operand.
enum class operand_use : unsigned char {
  data,
  code,        ///< evaluates it
  name,        ///< takes it for the name of a variable, whose subscript it may evaluate
  assignment,  ///< NAME=VALUE, or a name
};

/// The length of "NAME=" at the start of `text`, 0 if it starts with something else.
std::size_t assigned_name(std::string_view text);
/// NAME[: what some shells take for an element of an array, with blanks within the brackets.
bool is_subscript(std::string_view text);
/// A variable that means something to the shell or the loader: its value is more than data.
bool is_special_variable(std::string_view name);
operand_use use_of_operands(std::string_view command);
/// The next operand is a command: exec, command, builtin.
bool runs_its_operand(std::string_view command);
/// sh, /bin/bash: `-c TEXT` is code.
bool is_shell(std::string_view word);
/// An option with a `c` among its letters.
bool is_code_option(const shell_word& w);

/// The inside of ${...}: whether this reader can follow it, and whether a shell may evaluate what
/// the variable holds.
struct parameter_use {
  bool plain = false;
  bool evaluates = false;
};
parameter_use use_of_parameter(std::string_view inside);

/// The length of the name after a `$`, 0 if there is none.
std::size_t parameter_length(std::string_view text);
/// The length of the variable or parameter at the start of `text`, within arithmetic.
std::size_t variable_length(std::string_view text, bool after_dollar);
/// A format of printf with a %n.
bool names_variable(std::string_view format);
/// Whether it may have something that evaluates variables; errs on the safe side.
bool may_evaluate(std::string_view text);

}  // namespace cli
