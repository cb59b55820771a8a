// A command that is running.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <brood/command.hpp>
#include <brood/error.hpp>
#include <brood/expected.hpp>
#include <brood/options.hpp>
#include <brood/result.hpp>

namespace brood {

/// Our end of the command's stdin. Belongs to its process; blocking; never raises SIGPIPE.
/// Threads: one at a time.
class pipe_writer {
 public:
  /// All of `bytes`. Errors: error_kind::broken when the command has stopped reading;
  /// usage_error when stdin is not a pipe or was closed.
  void write(std::string_view bytes);
  /// The command sees end-of-file. Harmless when repeated.
  void close() noexcept;
  bool is_open() const noexcept { return fd_ >= 0; }
  int fileno() const noexcept { return fd_; }  ///< -1 when closed

 private:
  friend class process;
  int fd_ = -1;
};

/// Our end of the command's stdout or stderr. Belongs to its process; blocking. Bytes as they
/// come: the text options apply to what run, finish and communicate collect.
/// Threads: one at a time per stream.
class pipe_reader {
 public:
  /// Up to buffer.size() bytes; 0 at end-of-file. Returns as soon as there are any.
  std::size_t read(std::span<char> buffer);
  std::size_t read(std::span<std::byte> buffer);
  /// The next line with its newline (the last one may lack it); nullopt at end-of-file.
  std::optional<std::string> read_line();
  /// The same, or the first `most` bytes of it: so a command cannot make us keep more.
  std::optional<std::string> read_line(std::size_t most);
  /// The same within `timeout`. Errors: timeout_expired, with an empty result(); nothing is lost,
  /// not even the beginning of a line.
  std::optional<std::string> read_line(duration timeout, std::size_t most = SIZE_MAX);
  /// All to end-of-file.
  std::string read_all();
  void close() noexcept;
  bool is_open() const noexcept { return fd_ >= 0; }
  int fileno() const noexcept { return fd_; }

  /// `for (std::string& line : p.out().lines())`.
  class line_range {
   public:
    class iterator {
     public:
      std::string& operator*() { return *line_; }
      iterator& operator++() {
        line_ = reader_->read_line();
        return *this;
      }
      bool operator==(std::nullptr_t) const { return !line_; }

     private:
      friend class line_range;
      explicit iterator(pipe_reader* r) : reader_(r), line_(r->read_line()) {}
      pipe_reader* reader_;
      std::optional<std::string> line_;
    };
    iterator begin() { return iterator(reader_); }
    std::nullptr_t end() { return nullptr; }

   private:
    friend class pipe_reader;
    explicit line_range(pipe_reader* r) : reader_(r) {}
    pipe_reader* reader_;
  };
  line_range lines() { return line_range(this); }

 private:
  friend class process;
  bool fill();
  template <class Read>
  std::size_t read_waiting(Read read);
  int fd_ = -1;
  std::atomic<std::int64_t>* read_at_ = nullptr;  // the time of the last read
  std::size_t start_ = 0;                         // of what is unread in buffer_
  std::string buffer_;
};

/// What a running command uses at this moment.
struct live_usage {
  std::chrono::nanoseconds user{};  ///< CPU time of the child and all its descendants now alive
  std::chrono::nanoseconds system{};
  std::uint64_t rss_bytes = 0;  ///< of all of them; shared pages count in each
  unsigned threads = 0;         ///< of all of them
  unsigned descendants = 0;     ///< without the child itself
};

struct process_access;

/// A command that was started: move-only; the destructor stops it as stop() does and reaps it.
///
/// The options hold in every call that waits for it: wait, wait_for, communicate and finish stop it
/// at its limits, relay what is teed and call the callbacks. There is no hidden thread: while
/// nobody waits, nothing is enforced, and that time does not count for idle_timeout.
///
/// Threads: one at a time may be in wait, wait_for, communicate or finish. Any thread may call the
/// rest meanwhile, and use the pipe ends while none is in communicate or finish.
class process {
 public:
  process() noexcept;  ///< no command
  process(process&& other) noexcept;
  process& operator=(process&& other) noexcept;
  ~process();

  explicit operator bool() const noexcept { return impl_ != nullptr; }
  int pid() const noexcept;  ///< stays after the end; -1 without a command
  const std::vector<std::string>& args() const noexcept;

  /// Errors: usage_error unless options::in is PIPE and options::input was not given.
  pipe_writer& in();
  /// Errors: usage_error unless options::out is PIPE; also with on_line or on_chunk, which get the
  /// bytes then.
  pipe_reader& out();
  pipe_reader& err();  ///< as out()

  /// The status if the command has ended. Never blocks.
  std::optional<exit_status> poll();
  /// Wait for the exit, and for the end of a stop; for end-of-file, or options::drain_grace, only
  /// if no output is the caller's to read and there are callbacks or tees. At a limit of the
  /// options the command is stopped; its status then tells of the signal, and finish() throws the
  /// error. What the caller could read is not read: a command that fills such a pipe never ends
  /// without a limit.
  exit_status wait();
  /// As wait(), for at most `timeout`: 0 polls; infinite() and more than 292 years wait without
  /// limit. \return nullopt if it still runs, untouched.
  std::optional<exit_status> wait_for(duration timeout);

  struct output {
    std::string out;
    std::string err;
  };
  /// Feed `input` (added to options::input), close stdin, collect to end-of-file, wait for the
  /// exit. With the text options as run().
  /// Errors: timeout_expired after `timeout`: the command is untouched, nothing is lost, and
  ///         calling again goes on (with input absent). timeout_expired at a limit of the options,
  ///         which stops it; called_process_error for more output than max_output allows.
  output communicate(std::optional<std::string> input = {}, duration timeout = {});

  /// What run() does after the start: feed, drain, enforce limits, stop if need be, and return the
  /// result; the same result when called again. Errors: as run().
  completed_process finish();
  expected<completed_process, error> try_finish();

  /// To the child alone. Does nothing once it has ended. Errors: denied.
  void send_signal(int signal);
  void suspend();  ///< SIGSTOP to what options::contain reaches
  void resume();   ///< SIGCONT to the same
  void terminate() { send_signal(15); }
  void kill() { send_signal(9); }
  /// The ladder of options::stop over what options::contain reaches; returns when nothing is left.
  exit_status stop();
  /// The same with another ladder.
  exit_status stop(const std::vector<stop_step>& ladder);
  /// Ask for a stop with this ladder (empty: that of the options), and return at once. The thread
  /// that is in wait(), wait_for(), communicate() or finish(), or the next one that will be,
  /// carries it out to the last step. Asked again, it goes straight to SIGKILL.
  void request_stop(std::vector<stop_step> ladder = {});
  /// Let it go: we neither stop nor reap it. Under containment::sealed its tree is released as
  /// well. poll() and signals still work.
  void detach();

  live_usage usage() const;
  /// For a loop of the caller's: a descriptor that is readable when poll() may have news of the
  /// end; -1 where there is no such event: look now and then. Ask again after each poll(); belongs
  /// to the process; do not read from it.
  int native_handle() const noexcept;
  brood::containment containment() const noexcept;  ///< in force
  brood::backend backend() const noexcept;

  struct impl;  ///< opaque

 private:
  friend struct process_access;
  explicit process(impl* i) noexcept : impl_(i) {}
  impl* impl_;
};

/// Start `cmd` and return once it has executed its program. The caller reads and writes the piped
/// streams, or leaves them to communicate() or finish().
/// Threads: any, at any time. Errors: usage_error, spawn_error; nothing is left behind.
process spawn(const command& cmd, options opts = {});
expected<process, error> try_spawn(const command& cmd, options opts = {});

}  // namespace brood
