// A command that was started, from its start to its result: its scope, its streams and the driver.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <brood/command.hpp>
#include <brood/error.hpp>
#include <brood/expected.hpp>
#include <brood/options.hpp>
#include <brood/process.hpp>
#include <brood/result.hpp>

#include "base/deadline.hpp"
#include "process/driver.hpp"
#include "scope/scope.hpp"
#include "stream/pump.hpp"
#include "sys/fd.hpp"
#include "sys/wait.hpp"

namespace brood::detail {

/// What was asked for. Shared by all who have to do with it, and never changed.
class execution_spec {
 public:
  execution_spec(std::shared_ptr<const command> cmd, std::shared_ptr<const options> opts,
                 int attempt = 0) noexcept
      : cmd_(std::move(cmd)), opts_(std::move(opts)), attempt_(attempt) {}
  /// Of a caller who keeps both until the execution is destroyed: nothing is copied.
  static execution_spec borrow(const command& cmd, const options& opts, int attempt = 0) noexcept {
    return {{std::shared_ptr<void>(), &cmd}, {std::shared_ptr<void>(), &opts}, attempt};
  }

  const command& cmd() const noexcept { return *cmd_; }
  const options& opts() const noexcept { return *opts_; }
  /// More than 0: BROOD_ATTEMPT in its environment.
  int attempt() const noexcept { return attempt_; }

 private:
  std::shared_ptr<const command> cmd_;
  std::shared_ptr<const options> opts_;
  int attempt_;
};

/// Our ends of the streams that a caller may use. Those that are teed or watched by a callback are
/// the pump's from the start.
struct plain_ends {
  sys::fd in;
  sys::fd out;
  sys::fd err;
};

struct stream_ends {
  detail::pump pump;
  plain_ends plain;
  std::vector<sys::fd> held;           ///< files that the pump relays to
  std::optional<std::string> encoded;  ///< options::input in the command's encoding
};

/// What is fixed at the start, but not asked for.
struct start_facts {
  containment level = containment::process;  ///< in force
  brood::backend back = brood::backend::native;
  std::vector<std::string> degraded;
  std::int64_t asked_at = 0;  ///< the start of the call: the time limit counts from here
};

/// Passive: a poller asks wants(), waits for that, and calls serve(). Threads: one carries it on
/// (wants, serve, hand_over, result); any other may look, signal and stop meanwhile, at which
/// woken() tells the first.
class execution {
 public:
  execution(execution_spec spec, std::unique_ptr<scope> where, stream_ends&& ends,
            start_facts&& facts);
  /// Stops what is left, by the ladder of the options, and waits for that.
  ~execution();
  execution(const execution&) = delete;
  execution& operator=(const execution&) = delete;

  const execution_spec& spec() const noexcept { return spec_; }
  const start_facts& facts() const noexcept { return facts_; }
  stream_ends& ends() noexcept { return ends_; }

  // --- of the thread that carries it on

  /// The caller uses them, until hand_over().
  plain_ends lend();
  /// What the caller read of a stream and did not use.
  struct read_ahead {
    std::string_view out;
    std::string_view err;
  };
  /// Give all streams to the pump, those that were lent back too.
  /// \param more  goes to stdin after options::input, as bytes.
  void hand_over(plain_ends lent, std::optional<std::string> more, const read_ahead& ahead);
  /// The streams are not lent.
  void hand_over();
  /// Feed options::input, which waits for no reader of ours.
  void feed_input(sys::fd lent);
  /// Those that were lent, to be closed by the destructor.
  void give_back(plain_ends lent) noexcept { ends_.plain = std::move(lent); }
  /// Somebody waits from now on, or no longer: the time in between does not count as silence.
  void begin_wait() noexcept;
  void end_wait() noexcept;
  /// Where a caller who reads for himself notes the time of that (monotonic ns).
  std::atomic<std::int64_t>& caller_read_at() noexcept { return caller_read_at_; }
  /// Output goes through us: to callbacks, or to where it is teed.
  bool relays() const noexcept { return ends_.pump.reading(); }
  /// Read what is there at this moment. Exceptions of callbacks pass through.
  void take_what_is_there() { ends_.pump.drain_ready(); }
  /// Nobody wants the output any more.
  void discard_output() noexcept { ends_.pump.discard(); }

  /// Wait until it has executed its program, or has not, or its time is over.
  void await_start();
  /// Do what is due: before each wants(). Exceptions of callbacks pass through.
  void step();
  /// Add what it waits for; when to serve() and step() at the latest.
  deadline wants(std::vector<sys::wait_item>& items);
  /// Move bytes and take in what has happened. \param items  those that wants() added, with what is
  /// ready. Exceptions of callbacks pass through.
  void serve(std::span<const sys::wait_item> items);
  /// For a command without streams and time limits: sleeps until it has ended.
  void wait_for_exit();
  bool is_simple() const noexcept;

  /// False in a forked copy of the process that started it, which touches nothing of it.
  bool is_ours() const noexcept;
  bool ended() const;    ///< nothing is left to do
  bool settled() const;  ///< it has ended, and so has a stop; its streams perhaps not
  bool stopped() const;  ///< a stop has ended
  /// Once it has ended; the same each time.
  const expected<completed_process, error>& result();
  /// As result(), without keeping it.
  expected<completed_process, error> take_result();
  /// What can be said of it at this moment.
  completed_process so_far(reason why) const;
  reason reason_of_end() const;

  // --- of any thread

  int pid() const;
  bool starting() const;
  std::optional<error> refusal() const;  ///< why it did not start
  /// Takes in what has happened: the status, if the command has ended.
  std::optional<exit_status> poll();
  exit_status status() const;
  /// Readable when poll() may have news; -1: there is no such event.
  int event_fd() const;
  int signal(int number);
  int signal_all(int number);
  /// Start to stop it; asked again: straight to SIGKILL. Whoever carries it on goes down the
  /// ladder.
  void stop(reason why, const ladder_steps& steps);
  void stop(reason why);  ///< by the ladder of the options
  bool stopping() const;
  /// Carry on the stop alone: what to wait for until the next call, and how long.
  deadline step_stop(std::vector<sys::wait_item>& items);
  live_usage usage() const;
  /// Let it go.
  void release();
  /// Readable once another thread has asked for a stop. Made by the first call.
  int woken();

 private:
  void stop_and_close();
  void feed(sys::fd end, std::optional<std::string> more);
  driver::facts look(std::int64_t now, bool of_streams);
  void step_locked(std::int64_t now, bool of_streams);
  std::int64_t last_output() const noexcept;
  void deliver(const ladder::due& due, std::int64_t now);
  void ask_to_stop(reason why, const ladder_steps& steps);
  deadline next_look(std::int64_t now);
  std::string not_stopped() const;
  completed_process describe() const;
  expected<completed_process, error> take_outcome();
  std::optional<error> find_failure(const completed_process& r) const;

  execution_spec spec_;
  start_facts facts_;
  int owner_;  // the process that started it: a forked copy of it touches nothing

  mutable std::mutex lock_;  // guards what follows
  std::unique_ptr<scope> scope_;
  driver driver_;
  int delivering_ = 0;      // a signal on its way
  deadline deliver_at_;     // when it goes on
  unsigned delivered_ = 0;  // counts signals to everybody
  deadline until_;          // as of the last step
  bool give_up_ = false;    // the streams
  bool released_ = false;
  std::optional<error> hanging_start_;  // a stop came before the exec
  sys::fd woken_;

  // Of the thread that carries it on.
  stream_ends ends_;
  bool lent_ = false;
  std::size_t scope_items_ = 0;  // of wants(): from here on those of the scope
  deadline scope_until_;         // of wants(): when the scope is to be updated
  std::int64_t pause_ = 0;       // between looks, where the exit is no event
  std::int64_t output_before_ = 0;
  std::int64_t silence_ = 0;     // when the last wait ended
  std::int64_t waits_from_ = 0;  // less the silence before
  std::atomic<std::int64_t> caller_read_at_{0};
  std::optional<expected<completed_process, error>> result_;
};

/// Steps of a ladder as plain data, ending in SIGKILL; `steps` was validated.
ladder_steps flatten(const std::vector<stop_step>& steps);
exit_status to_status(const sys::exit_record& r) noexcept;

}  // namespace brood::detail
