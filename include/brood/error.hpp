// What can go wrong, said once: kind, stage, subject and the operating system's reason.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <exception>
#include <string>
#include <string_view>
#include <system_error>

namespace brood {

struct completed_process;
struct completed_pipeline;

/// Named by what the caller can do about it.
enum class error_kind : unsigned char {
  bad_request,  ///< fix the call: found before any resource is taken
  not_found,    ///< program, directory, user or group is missing; the subject says which
  denied,       ///< permissions
  busy,         ///< EAGAIN, ENOMEM, EMFILE, ENFILE: try again later
  broken,       ///< the other side went away
  unsupported,  ///< this system cannot; never a silent fallback
  bad_data,     ///< bytes that are not text in the promised encoding
  timed_out,    ///< a time limit passed; result() says what came until then
  failed,       ///< the command ended badly under `.check`; result() has it
  other,        ///< see code()
};

/// The step of a call at which it went wrong.
enum class error_stage : unsigned char {
  request,      ///< validation
  open,         ///< opening a redirect
  pipe,         ///< making a pipe or socket
  fork,         ///< clone(2) or fork(2)
  guard,        ///< starting or asking the guardian
  session,      ///< setsid(2)
  group,        ///< setpgid(2)
  umask,        ///< umask(2)
  nice,         ///< setpriority(2)
  limits,       ///< setrlimit(2)
  identity,     ///< setgroups(2), setgid(2), setuid(2)
  chdir,        ///< chdir(2)
  descriptors,  ///< dup2(2), close_range(2)
  exec,         ///< execve(2)
  read,         ///< reading from the command
  write,        ///< writing to the command, or to where its output goes
  wait,         ///< waitid(2), poll(2)
  signal,       ///< sending a signal
  decode,       ///< bytes to text
  encode,       ///< text to bytes
  timeout,      ///< a time limit
  check,        ///< `.check`
};

/// What is wrong with a call, for those who say it in words of their own.
enum class problem : unsigned char {
  none,             ///< nothing: not a mistake of the caller's
  invalid,          ///< the value of option subject(); detail() says why
  not_open,         ///< it names a descriptor that is not open
  contradicts,      ///< it does not go together with option other_option()
  err_only,         ///< STDOUT is for err alone
  standard_stream,  ///< descriptors 0, 1 and 2 have options of their own
  needs_pipe,       ///< no output passes through us: it needs PIPE or tee
};

std::string_view to_string(error_kind k) noexcept;
std::string_view to_string(error_stage s) noexcept;

/// Base of everything brood throws, and the error of the `try_` forms. Cheap to copy (shared
/// state). what() is one line: "chdir '/nope': No such file or directory". Threads: immutable.
class error : public std::exception {
 public:
  /// \param detail  replaces the operating system's text in what() when not empty.
  error(error_kind kind, error_stage stage, std::string_view subject, std::error_code code = {},
        std::string_view detail = {});
  error(const error& other) noexcept;
  error(error&& other) noexcept;
  error& operator=(error other) noexcept;
  ~error() override;

  error_kind kind() const noexcept;
  error_stage stage() const noexcept;
  /// What it was about: the program, the directory, the option. May be empty.
  const std::string& subject() const noexcept;
  /// The operating system's reason (std::generic_category); empty if it gave none.
  std::error_code code() const noexcept;
  const char* what() const noexcept override;
  /// what() without the stage and the subject: the reason alone. May be empty.
  const std::string& detail() const noexcept;
  /// Of a usage_error: which kind of mistake, else none.
  brood::problem problem() const noexcept;
  /// Of problem::contradicts: the other option, by the name of its member. Else empty.
  const std::string& other_option() const noexcept;
  /// How far the command came; null if it was never started. Of a pipeline: the deciding stage.
  const completed_process* result() const noexcept;
  /// All stages of a pipeline that were started and have ended; else null.
  const completed_pipeline* pipeline() const noexcept;

  /// A copy that carries `result`.
  error with(completed_process result) const;
  error with(completed_pipeline result) const;
  /// A copy that says which mistake it is.
  error with(brood::problem p, std::string_view other_option = {}) const;
  /// Throw as the class below that fits kind() and stage().
  [[noreturn]] void raise() const;

 private:
  struct state;
  explicit error(state* s) noexcept;
  state* state_;
};

/// The command could not be started, or the system refused while it ran.
class spawn_error : public error {
 public:
  explicit spawn_error(const error& e) noexcept : error(e) {}
};

/// The caller's mistake, found before any resource is taken.
class usage_error : public error {
 public:
  explicit usage_error(const error& e) noexcept : error(e) {}
};

/// A time limit passed. result() is never null.
class timeout_expired : public error {
 public:
  explicit timeout_expired(const error& e) noexcept : error(e) {}
};

/// The command ended badly under `.check`. result() is never null.
class called_process_error : public error {
 public:
  explicit called_process_error(const error& e) noexcept : error(e) {}
};

}  // namespace brood
