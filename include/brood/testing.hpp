// For tests: commands that are played from a script instead of being started.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <initializer_list>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <brood/callback.hpp>
#include <brood/command.hpp>
#include <brood/duration.hpp>

namespace brood::testing {

/// What one argument of a command may be: a text, any(), any_of() or, at the end, rest().
class word {
 public:
  word(std::string exactly) : texts_{std::move(exactly)} {}
  word(std::string_view exactly) : texts_{std::string(exactly)} {}
  word(const char* exactly) : texts_{exactly} {}

  bool matches(std::string_view argument) const noexcept;
  bool is_rest() const noexcept { return kind_ == kind::rest; }
  std::string to_string() const;  ///< for messages: "status", "any()", "any_of(a, b)", "rest()"

 private:
  friend word any();
  friend word any_of(std::initializer_list<std::string> texts);
  friend word rest();
  enum class kind : unsigned char { texts, any, rest };
  explicit word(kind k) noexcept : kind_(k) {}
  kind kind_ = kind::texts;
  std::vector<std::string> texts_;
};

/// Any one argument.
word any();
/// One of these.
word any_of(std::initializer_list<std::string> texts);
/// Any number of arguments, including none; what comes after it in a pattern is ignored.
word rest();

/// A command that was asked for while a fake was there.
struct call {
  std::vector<std::string> args;
  std::map<std::string, std::string> env;  ///< all that the command would have had
  std::string cwd;                         ///< options::cwd; empty: the caller's
  /// options::input, or what has been written to its stdin so far. Not the caller's own stdin.
  std::string input;
  bool expected = false;  ///< an expectation played it; else it was refused or really started
};

/// How an expected command behaves. A handle: copies mean the same expectation. By default it
/// writes nothing, exits with 0 at once, and is good for one call.
class expectation {
 public:
  /// What it writes, all of it at once when it starts; the streams then end. `out` comes first
  /// where both go to the same place.
  expectation& out(std::string bytes);
  expectation& err(std::string bytes);
  expectation& exits(int code);       ///< 0 to 255
  expectation& signaled(int signal);  ///< it ends by this signal
  /// It cannot be started: spawn_error of the stage exec.
  expectation& fails(std::errc why = std::errc::no_such_file_or_directory);
  /// How long it runs, by the real clock, if nobody stops it; duration::infinite(): for ever.
  expectation& takes(duration time);
  /// A signal that does not end it; SIGKILL always does. Signals to stop and go on have no effect.
  expectation& ignores(int signal);
  expectation& times(int n);  ///< for this many calls, at least 1
  expectation& always();      ///< for any number of calls, including none
  /// Called when it starts, by the thread that starts it: writes the files that the command would.
  expectation& does(callback<void(const call&)> effect);

  struct script;  ///< opaque

 private:
  friend class fake;
  explicit expectation(std::shared_ptr<script> s) noexcept : script_(std::move(s)) {}
  std::shared_ptr<script> script_;
};

/// While it exists, this process starts no command, in any thread: run, try_run, check_output,
/// spawn, pools, pipelines and async_run get what the script says. The options are checked as
/// usual, and files are opened; the working directory, the program and the user need not exist. A
/// played process has a pid that no real one has.
///
/// An expectation plays as many calls as it says; of several that match, the first that is not used
/// up. A command that matches none is a usage_error that names it. Fakes nest: the newest counts.
///
/// Threads: make, adjust (allow_others, record, replay) and destroy it on one thread; expect and
/// ask on any, at any time.
class fake {
 public:
  fake();
  fake(const fake&) = delete;
  fake& operator=(const fake&) = delete;
  ~fake();

  /// `f.expect({"git", "commit", brood::testing::rest()}).out("done\n")`.
  expectation expect(std::vector<word> pattern);
  expectation expect(std::initializer_list<word> pattern) {
    return expect(std::vector<word>(pattern));
  }
  expectation expect(const command& exactly);
  /// Commands that match nothing are really started.
  fake& allow_others();
  /// Commands that match nothing are really run to their end, before the caller gets their output,
  /// and appended to this file, one JSON object per line. Their input must be options::input,
  /// not a pipe. Errors: of the call that starts them, if the file cannot be written.
  fake& record(std::string path);
  /// Expect what was recorded: each line once, by its exact arguments, without the time it took.
  /// Errors: spawn_error if the file cannot be read; usage_error if it is not a recording.
  fake& replay(const std::string& path);

  std::vector<call> calls() const;
  /// Expectations that were used less often than they say, one line each.
  std::vector<std::string> unmet() const;
  /// Errors: usage_error naming the first call that matched nothing, unless it was allowed, or the
  /// first unmet expectation.
  void verify() const;

  struct impl;  ///< opaque

 private:
  std::unique_ptr<impl> impl_;
};

}  // namespace brood::testing
