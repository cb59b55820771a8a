// The command line tool: finds the verb and hands over the words after it.
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <unistd.h>

#include <cstddef>
#include <exception>
#include <span>
#include <string>
#include <string_view>

#include "exit.hpp"
#include "io.hpp"
#include "unknown.hpp"
#include "verbs.hpp"

namespace {

std::string usage() {
  std::string page = "Usage: brood VERB ...\n\n";
  for (const cli::verb& v : cli::verbs()) {
    page.append("  ").append(v.name);
    page.append(12 - v.name.size(), ' ').append(v.help).append("\n");
  }
  page += "\nExamples:\n";
  for (const cli::verb& v : cli::verbs()) {
    const cli::page_row first = v.page().text->examples.front();
    page.append("  ").append(first.what).append(32 - first.what.size(), ' ');
    page.append(first.does).append("\n");
  }
  return page +
         "\n  --version   print the version\n"
         "  --help      print this page; 'brood VERB --help' has more\n"
         "  --completion SHELL\n"
         "              print what makes bash, zsh or fish complete these words\n";
}

int print(std::string_view page) {
  if (cli::write_all(STDOUT_FILENO, page)) return 0;
  cli::complain("cannot write to stdout");
  return cli::exit_tool_failed;
}

/// Fills 0, 1 and 2 where our caller closed them, so that no file of ours gets such a number.
/// Reading from 0 and writing to 1 fails as before; what is written to a closed stderr is lost.
void hold_standard_streams() {
  constexpr int how[] = {O_WRONLY, O_RDONLY, O_RDWR};
  for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; ++fd) {
    if (::fcntl(fd, F_GETFD) < 0) (void)::open("/dev/null", how[fd]);
  }
}

/// `brood help`, `brood help VERB`.
int help(std::span<char* const> words) {
  if (words.empty()) return print(usage());
  std::string flag = "--help";
  char* const word = flag.data();
  for (const cli::verb& v : cli::verbs()) {
    if (v.name == words[0]) return v.run({&word, 1});
  }
  throw cli::unknown_verb(words);
}

int dispatch(std::span<char* const> words) {
  if (words.empty()) {
    cli::write_all(STDERR_FILENO, usage());
    return cli::exit_tool_failed;
  }
  const std::string_view name = words[0];
  for (const cli::verb& v : cli::verbs()) {
    if (v.name == name) return v.run(words.subspan(1));
  }
  if (name == "--version" || name == "-V" || name == "version") {
    return print("brood " BROOD_VERSION "\n");
  }
  if (name == "--help" || name == "-h" || name == "help") return help(words.subspan(1));
  if (name == "--completion" && words.size() == 2) return print(cli::completion_for(words[1]));
  if (name == "--write-pages" && words.size() == 2) {  // for the build
    cli::write_pages(words[1]);
    return 0;
  }
  throw cli::unknown_verb(words);
}

}  // namespace

int main(int argc, char** argv) {
  hold_standard_streams();
  try {
    // argc is 0 for a caller that passes no argv[0].
    const auto count = static_cast<std::size_t>(argc > 0 ? argc - 1 : 0);
    return dispatch({argv + (argc > 0 ? 1 : 0), count});
  } catch (const cli::failure& f) {
    cli::complain(f.text);
  } catch (const std::exception& e) {
    cli::complain(e.what());
  }
  return cli::exit_tool_failed;
}
