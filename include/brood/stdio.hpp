// Where one of a command's standard streams comes from or goes to.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace brood {

/// The stream targets that need nothing but a name.
enum class stdio_target : unsigned char {
  inherit,       ///< the caller's own stream
  pipe,          ///< a pipe to the caller; under run() it is collected
  devnull,       ///< /dev/null
  merge_stdout,  ///< err only: wherever out goes, in the order written
};
inline constexpr stdio_target INHERIT = stdio_target::inherit;
inline constexpr stdio_target PIPE = stdio_target::pipe;
inline constexpr stdio_target DEVNULL = stdio_target::devnull;
inline constexpr stdio_target STDOUT = stdio_target::merge_stdout;

/// One stream's target: INHERIT, PIPE, DEVNULL, STDOUT, file(), fd() or tee().
class stdio {
 public:
  enum class kind : unsigned char { inherit, pipe, devnull, merge_stdout, file, descriptor, tee };

  stdio(stdio_target t) noexcept : kind_(static_cast<kind>(t)) {}

  kind what() const noexcept { return kind_; }
  const std::string& path() const noexcept { return path_; }  ///< of file()
  const std::string& mode() const noexcept { return mode_; }  ///< of file(); may be empty
  int descriptor() const noexcept { return descriptor_; }     ///< of fd()
  const std::vector<stdio>& targets() const noexcept { return targets_; }  ///< of tee()

 private:
  explicit stdio(kind k) noexcept : kind_(k) {}
  friend stdio file(std::string path, std::string_view mode);
  friend stdio fd(int number);
  friend stdio tee(std::initializer_list<stdio> targets);
  friend stdio tee(std::vector<stdio> targets);

  kind kind_;
  int descriptor_ = -1;
  std::string path_;
  std::string mode_;
  std::vector<stdio> targets_;
};

/// A file, opened by the child before it changes its user and its directory: relative to the
/// caller's working directory, created with mode 0666 less the caller's umask.
/// \param mode  "r" read (what `in` takes, and its default), "w" create or truncate (the default
///              of out and err), "a" create or append, "x" create, an error if it is there.
stdio file(std::string path, std::string_view mode = {});

/// An open descriptor of the caller's, which stays the caller's.
stdio fd(int number);

/// To each of these, out and err only: PIPE (collected), INHERIT, file() or fd(). Bytes pass
/// through the caller, and flow while it waits for the command. A file is opened by the caller.
stdio tee(std::initializer_list<stdio> targets);
stdio tee(std::vector<stdio> targets);
template <class... Targets>
stdio tee(stdio first, Targets... rest) {
  return tee(std::vector<stdio>{std::move(first), stdio(std::move(rest))...});
}

}  // namespace brood
