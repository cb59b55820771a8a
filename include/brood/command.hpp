// What to run: a program and its arguments, as a list; a shell only when asked for by name.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace brood {

/// One argument: bytes without NUL (which is refused when the command is started).
class arg {
 public:
  arg(std::string text) : text_(std::move(text)) {}
  arg(std::string_view text) : text_(text) {}
  arg(const char* text) : text_(text) {}
  arg(std::nullptr_t) = delete;
  /// A path type such as std::filesystem::path, without including <filesystem> here.
  template <class P>
  requires requires(const P& p) { std::string_view(p.native()); }
  arg(const P& path) : text_(path.native()) {}

  const std::string& text() const& noexcept { return text_; }
  std::string&& text() && noexcept { return std::move(text_); }

 private:
  std::string text_;
};

/// A program and its arguments. A value: copy it, keep it, run it many times.
///
/// The first argument names the program: with a slash it is a path (relative to the child's
/// working directory), without one it is searched on the child's PATH, never in the working
/// directory.
class command {
 public:
  command(std::initializer_list<arg> args) {
    args_.reserve(args.size());
    for (const arg& a : args) args_.push_back(a.text());
  }
  command(std::vector<std::string> args) noexcept : args_(std::move(args)) {}

  /// command("git", "status"): for co_await expressions, in which GCC 12 refuses lists in braces.
  /// Two arguments or more, so that a line of text is not taken for a command.
  template <class... More>
  requires(sizeof...(More) > 0 && (std::is_convertible_v<const More&, arg> &&
                                   ...)) explicit command(const arg& program, const More&... more) {
    args_.reserve(1 + sizeof...(More));
    args_.push_back(program.text());
    (args_.push_back(arg(more).text()), ...);
  }

  /// Any other range of strings. A string by itself is not a command: see shell() and parse().
  template <class R>
  requires(!std::is_convertible_v<const R&, std::string_view> && !std::is_base_of_v<command, R> &&
           requires(const R& r) {
             arg(*r.begin());
             r.end();
           }) command(const R& range) {
    for (const auto& a : range) args_.push_back(arg(a).text());
  }

  const std::vector<std::string>& args() const noexcept { return args_; }
  /// Append one argument.
  command& add(arg a) & {
    args_.push_back(std::move(a).text());
    return *this;
  }
  command&& add(arg a) && { return std::move(add(std::move(a))); }
  /// The command line quoted for a POSIX shell, for people to read and to paste.
  std::string to_string() const;

 private:
  std::vector<std::string> args_;
};

/// `/bin/sh -c text`: the only way in which text becomes syntax. `args` are $0, $1, ... of it
/// ($0 is "/bin/sh" when there are none). A text that begins with - or + is still the text.
command shell(std::string_view text, std::initializer_list<arg> args = {});

/// Split a line by the shell's quoting rules, without a shell: no expansion, no redirection.
/// Errors: usage_error when a quote is not closed or the line is empty.
command parse(std::string_view line);

}  // namespace brood
