// Commands: shells by name, lines split without one, and quoting for people.
// SPDX-License-Identifier: Apache-2.0
#include <brood/command.hpp>
#include <brood/shlex.hpp>

#include "base/make_error.hpp"

namespace brood {

std::string command::to_string() const { return shlex::join(args_); }

command shell(std::string_view text, std::initializer_list<arg> args) {
  command c{"/bin/sh", "-c"};
  // A shell reads on for options after -c: "-x" or "+x" would be one of them, not the text.
  if (text.starts_with('-') || text.starts_with('+')) c.add("--");
  c.add(text);
  for (const arg& a : args) c.add(a);
  return c;
}

command parse(std::string_view line) {
  std::vector<std::string> words = shlex::split(line);
  if (words.empty()) detail::bad_request("command line", "it has no words").raise();
  return command(std::move(words));
}

}  // namespace brood
