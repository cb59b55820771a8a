// The state behind brood::process.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include <brood/options.hpp>
#include <brood/process.hpp>

#include "process/child.hpp"
#include "stream/pump.hpp"
#include "sys/fd.hpp"

namespace brood {

namespace detail {

/// What a command was told to start by: needed to explain why it did not.
struct start_order {
  options opts;
  std::shared_ptr<const plan> what;
};

}  // namespace detail

struct process::impl {
  // Fixed at the start.
  std::vector<std::string> args;
  bool check = false;
  std::vector<int> ok_codes;
  brood::limits limits;
  duration timeout;
  duration idle_timeout;
  std::optional<std::string> input;  // as bytes; not used when run() lends its caller's
  brood::containment contain = brood::containment::process;
  brood::backend back = brood::backend::native;
  std::vector<std::string> degraded;
  detail::ladder_steps steps;
  std::int64_t deadline = INT64_MAX;     // of options::timeout
  std::int64_t idle = INT64_MAX;         // ns of options::idle_timeout
  std::int64_t drain_grace = INT64_MAX;  // ns; INT64_MAX: to end-of-file
  bool in_piped = false;
  bool out_piped = false;  // the caller may read it
  bool err_piped = false;
  std::vector<detail::sys::fd> held;           // what the sources' relays borrow
  std::unique_ptr<detail::start_order> order;  // while the child is starting

  // Guarded by lock: other threads signal and stop.
  std::mutex lock;
  std::unique_ptr<detail::child> child;
  brood::reason cause = brood::reason::not_started;  // of the stop, if it came before the end
  detail::sys::fd wake;  // ends the sleep of the thread that waits; made by the first that does

  // Of the one thread that waits.
  pipe_writer in;
  pipe_reader out;
  pipe_reader err;
  detail::pump pump;
  bool handed_over = false;  // the pipes are the pump's now
  bool played = false;       // by an understudy, with an end of its own
  bool complete = true;
  bool detached = false;
  std::int64_t last_chance = INT64_MAX;  // after a stop: when to give the streams up
  std::int64_t pause = 0;                // between looks, where there is no event
  std::int64_t output_before = 0;        // at the last such pause

  ~impl();
  /// Our ends of the pipes, for the caller until hand_over().
  void adopt(detail::sys::fd to_stdin, detail::sys::fd from_stdout, detail::sys::fd from_stderr);
  /// Another end of ours instead: of stdin, stdout or stderr, by its number.
  void substitute(int number, detail::sys::fd end);
  void hand_over(std::optional<std::string> more_input, const std::string* borrowed_input);
  /// What is left to do, found without waiting.
  struct turn {
    bool done = false;               // ended, and so have its streams
    std::int64_t again = INT64_MAX;  // when to look again at the latest
    int event = -1;                  // readable when there is a reason to look before
  };
  /// Take in what has happened and act on it. \param news  the event came, or it is not known
  /// whether it did. \param enforce  time limits, output limit and leftovers are acted upon.
  turn look(bool news, bool enforce);
  enum class outcome : unsigned char { done, expired };
  /// look() and wait until done or `until`.
  outcome go_on(std::int64_t until, bool enforce);
  void begin_stop(brood::reason why, const detail::ladder_steps& ladder);
  void stop_now(const detail::ladder_steps& ladder);
  void make_wake();
  std::optional<exit_status> wait_until(std::int64_t until);
  completed_process result();
  std::int64_t next_pause(std::int64_t now);
  expected<completed_process, error> check_result(completed_process r) const;
  exit_status status() const;
  brood::reason reason_of_end() const;
};

namespace detail {

/// Steps of a ladder as plain data, ending in SIGKILL; `steps` was validated.
ladder_steps flatten(const std::vector<stop_step>& steps);
exit_status to_status(const sys::exit_record& r) noexcept;

}  // namespace detail

}  // namespace brood
