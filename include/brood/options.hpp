// Everything that can be said about how to run a command: one flat aggregate.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <brood/callback.hpp>
#include <brood/duration.hpp>
#include <brood/environment.hpp>
#include <brood/retry.hpp>
#include <brood/status.hpp>
#include <brood/stdio.hpp>

namespace brood {

/// What to do with output beyond the limit.
enum class overflow : unsigned char {
  error,           ///< stop the command; reason::output_limit
  keep_head,       ///< keep the first bytes, read and drop the rest
  keep_tail,       ///< keep the last bytes
  keep_head_tail,  ///< keep half from the start and half from the end
  spill,           ///< keep the first bytes; all of it goes to output_limit::spill_path
};

/// A bound on each collected stream. Default-constructed: none.
struct output_limit {
  output_limit() noexcept = default;
  /// \param most  bytes of each stream as collected (after decoding), more than 0.
  output_limit(std::uint64_t most, overflow beyond = overflow::error, std::string spill_to = {})
      : bytes(most), policy(beyond), spill_path(std::move(spill_to)) {}

  std::uint64_t bytes = UINT64_MAX;
  overflow policy = overflow::error;
  /// For overflow::spill: the file for stdout, created only if it is needed; stderr's has ".err"
  /// added. It stays, and holds the whole output.
  std::string spill_path;
};

/// What to do with bytes that are not text in the given encoding (Python's names).
enum class text_errors : unsigned char { strict, replace, ignore, backslashreplace };

/// Which stream a line or chunk came from.
enum class output_stream : unsigned char { out, err };

/// One rung of a stop ladder.
struct stop_step {
  int signal;
  duration grace = {};  ///< how long to wait for the end before the next step; absent: 5 s
};

/// A user or group by name or by number.
class account {
 public:
  account() noexcept = default;
  account(std::string name) : name_(std::move(name)), given_(true) {}
  account(std::string_view name) : name_(name), given_(true) {}
  account(const char* name) : name_(name), given_(true) {}
  account(int id) noexcept : id_(id), given_(true), numeric_(true) {}
  account(unsigned id) noexcept : id_(id), given_(true), numeric_(true) {}
  account(long id) noexcept : id_(id), given_(true), numeric_(true) {}

  bool given() const noexcept { return given_; }
  bool numeric() const noexcept { return numeric_; }
  long id() const noexcept { return id_; }
  const std::string& name() const noexcept { return name_; }

 private:
  std::string name_;
  long id_ = -1;
  bool given_ = false;
  bool numeric_ = false;
};

/// A list that knows whether it was given: an empty one means "none".
class account_list {
 public:
  account_list() noexcept : given_(true) {}
  static account_list unchanged() noexcept {
    account_list l;
    l.given_ = false;
    return l;
  }
  account_list(std::initializer_list<account> l) : list_(l), given_(true) {}
  account_list(std::vector<account> l) : list_(std::move(l)), given_(true) {}
  bool given() const noexcept { return given_; }
  const std::vector<account>& list() const noexcept { return list_; }

 private:
  std::vector<account> list_;
  bool given_ = false;
};

/// Child descriptor `to` becomes the caller's open descriptor `from`.
struct fd_mapping {
  int from;
  int to;
};

/// Limits of each process, by setrlimit(2); soft and hard limit alike unless said otherwise.
/// More than the hard limit of the caller is a usage error (best_effort: the hard limit).
struct limits {
  /// CPU seconds, rounded up to whole ones: SIGXCPU at the limit, SIGKILL a second later.
  duration cpu_time = {};
  std::optional<std::uint64_t> address_space = {};  ///< bytes, RLIMIT_AS
  std::optional<std::uint64_t> open_files = {};     ///< highest descriptor + 1, RLIMIT_NOFILE
  std::optional<std::uint64_t> file_size = {};      ///< bytes, RLIMIT_FSIZE; SIGXFSZ beyond
  std::optional<std::uint64_t> processes = {};      ///< of the user, RLIMIT_NPROC; root is exempt
  std::optional<std::uint64_t> core = {};           ///< bytes, RLIMIT_CORE
  std::optional<std::uint64_t> stack = {};          ///< bytes, RLIMIT_STACK
};

/// How to run a command. Every field has a default; name those that matter:
/// `run({"make"}, {.capture_output = true, .cwd = "build", .timeout = 10min})`.
///
/// The order of the fields is part of the interface. Each field is also a flag of the tool, a key
/// in its files and a keyword in Python, by one table: brood/option_table.hpp.
struct options {
  // --- streams ---
  stdio in = INHERIT;
  /// Fed to stdin, which becomes a pipe: bytes, or UTF-8 text under .text / .encoding.
  std::optional<std::string> input = {};
  stdio out = INHERIT;
  stdio err = INHERIT;
  bool capture_output = false;   ///< short for .out = PIPE, .err = PIPE
  output_limit max_output = {};  ///< of each collected stream
  /// Called with each line as it comes, without its end ("\n"; under .text also "\r\n", "\r"), by
  /// the thread that waits: in run(), or in wait(), communicate() or finish() of a process. A line
  /// longer than 1 MiB comes in pieces. Streams that are INHERIT become pipes whose bytes go to the
  /// callbacks alone. An exception from it stops the command and comes out of the call.
  callback<void(output_stream, std::string_view)> on_line = {};
  /// Called with each piece as it comes: bytes, or decoded text under .text.
  callback<void(output_stream, std::string_view)> on_chunk = {};

  // --- text ---
  bool text = false;          ///< decode out and err, encode input; newlines become "\n"
  std::string encoding = {};  ///< of the command, by its iconv(3) name; implies text; UTF-8
  text_errors errors = text_errors::strict;

  // --- where ---
  std::string cwd = {};  ///< empty: the caller's
  environment env = {};
  std::string executable = {};  ///< the file to execute instead of args[0], which stays argv[0]

  // --- how it ends ---
  duration timeout = {};       ///< from the start of the call, more than 0; see process
  duration idle_timeout = {};  ///< without output on any piped stream, more than 0
  std::vector<stop_step> stop = {{15, std::chrono::seconds(5)}, {9, {}}};  ///< TERM, 5 s, KILL
  containment contain = containment::tree;
  /// After the exit, how long a piped stream that another process still holds open may stay silent
  /// before it is given up. Default: 100 ms; to end-of-file under containment::process.
  duration drain_grace = {};

  // --- what is an error ---
  bool check = false;              ///< a bad end is a called_process_error
  std::vector<int> ok_codes = {};  ///< exit codes that count as success; empty: 0 alone
  retry_policy retry = {};         ///< a bad end is tried again; not by spawn()

  // --- identity ---
  /// Sets the user's primary and supplementary groups too, unless group or extra_groups say
  /// otherwise.
  account user = {};
  account group = {};
  account_list extra_groups = account_list::unchanged();
  std::optional<unsigned> umask = {};     ///< 0 to 0777
  bool new_session = false;               ///< setsid(2)
  std::optional<int> process_group = {};  ///< setpgid(2): 0 a group of its own
  std::optional<int> nice = {};           ///< added to the caller's niceness, -40 to 39

  // --- descriptors ---
  bool close_fds = true;           ///< all but 0, 1, 2 and those named below
  std::vector<int> pass_fds = {};  ///< stay open under their own numbers
  std::vector<fd_mapping> map_fds = {};

  // --- limits ---
  brood::limits limits = {};
  /// What this host cannot enforce is left out, or replaced by the next weaker level of
  /// containment, and listed in completed_process::degraded, instead of being an error.
  bool best_effort = false;
};

}  // namespace brood
