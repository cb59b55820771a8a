// The one reader of signals, for all verbs: a thread that hands each signal to the verb at work.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <pthread.h>
#include <signal.h>
#include <sys/types.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <mutex>
#include <span>
#include <thread>

#include <brood/callback.hpp>

namespace cli {

/// Those that ask a verb to stop what it started.
inline constexpr std::array stopping_signals = {SIGHUP, SIGINT, SIGQUIT, SIGTERM};

/// Lets `signal` do to this process what it does by default. Returns if that does not end it.
void take_by_default(int signal);

struct signal_event {
  int number = 0;
  bool from_kernel = false;  ///< sent by a terminal, say, and not by a process
  pid_t sender = 0;          ///< the process that sent it
};

/// An eventfd(2): readable from set() to clear().
class event {
 public:
  event();  ///< Errors: failure.
  ~event();
  event(const event&) = delete;
  event& operator=(const event&) = delete;

  int descriptor() const { return descriptor_; }
  void set() const;  ///< from any thread
  void clear() const;

 private:
  int descriptor_ = -1;
};

/// Blocks signals and reads them from a signalfd(2) in a thread of its own, because the verb itself
/// may be blocked in a call of the library. A verb has one reader at a time.
class signal_reader {
 public:
  using handler = brood::callback<void(const signal_event&)>;

  /// Blocks `signals` at once, so that none is lost before start(). Leaves out those that our
  /// caller ignores, as nohup(1) does: a blocked signal would be queued in spite of that.
  /// `take`: called for one signal at a time. Errors: failure.
  signal_reader(std::span<const int> signals, handler take);
  /// Ends the thread. The signals stay blocked: whatever comes now is too late to matter.
  ~signal_reader();
  signal_reader(const signal_reader&) = delete;
  signal_reader& operator=(const signal_reader&) = delete;

  /// Starts the thread. Errors: failure.
  void start();

  /// Hands over, in the calling thread, all signals that have been sent so far. When it returns, no
  /// handler is at work.
  void take_pending();

  /// Calls `f` while no handler is at work.
  template <class F>
  void exclusively(F f) {
    const std::lock_guard hold(lock_);
    f();
  }

  /// From now on the blocking system calls of `thread` fail with EINTR again and again, so that it
  /// cannot be blocked for good between looking for a stop and waiting. It has to have a handler of
  /// SIGALRM. For the handler `take`.
  void keep_interrupting(pthread_t thread);

 private:
  void serve();

  handler take_;
  int signals_ = -1;  // the signalfd
  event over_;        // the thread is to end
  std::mutex lock_;   // held while a handler is at work
  std::atomic<bool> interrupts_ = false;
  pthread_t interrupted_{};
  std::thread thread_;
};

/// How often a stop was asked for. One thread adds, any thread may ask.
class stop_requests {
 public:
  /// \return the number of this request, from 1; 0 if the signal belongs to the request before it.
  int add(int signal);
  int count() const { return count_; }
  int first_signal() const { return first_; }  ///< 0: none came

 private:
  std::atomic<int> count_ = 0;
  std::atomic<int> first_ = 0;
  std::int64_t last_ = 0;  // monotonic ns
};

/// For verbs that start many commands and whose thread waits in poll(2): counts the signals that
/// stop, and says when the thread has to look. From the first request on, blocking calls of the
/// thread that made this object fail with EINTR every 50 ms.
class stop_signals {
 public:
  /// Errors: failure.
  stop_signals();
  stop_signals(const stop_signals&) = delete;
  stop_signals& operator=(const stop_signals&) = delete;

  /// The first one that came, or 0.
  int signal() const { return requests_.first_signal(); }
  int requests() const { return requests_.count(); }
  /// The first one came from a terminal, which sends it to its whole foreground group.
  bool typed() const { return typed_; }
  /// The first one of those that have been sent by now, or 0.
  int signal_by_now() {
    reader_.take_pending();
    return signal();
  }
  /// True if somebody has sent USR1, which asks what is going on, since the last call.
  bool take_question() { return asked_.exchange(false); }

  /// True if somebody has let us go on after a stop, since the last call.
  bool take_continued() {
    reader_.take_pending();
    return continued_.exchange(false);
  }

  /// A descriptor, readable after wake() or a signal, until clear().
  int descriptor() const { return event_.descriptor(); }
  void wake() const { event_.set(); }  ///< from any thread
  void clear() const { event_.clear(); }

 private:
  void take(const signal_event& e);

  stop_requests requests_;
  std::atomic<bool> asked_ = false;
  std::atomic<bool> continued_ = false;
  std::atomic<bool> typed_ = false;
  event event_;
  pthread_t owner_;
  signal_reader reader_;  // last: its thread uses the others
};

}  // namespace cli
