// A blocking call of the engine on a thread of its own, so that the caller's still hears signals.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>

#include "python.hpp"

namespace brood_python {

/// Lines on their way from the engine's thread to the caller's. Bounded: a slow callback stops the
/// reading, and so the command.
class line_queue {
 public:
  struct line {
    int stream;
    std::string text;
  };

  line_queue();
  line_queue(const line_queue&) = delete;
  line_queue& operator=(const line_queue&) = delete;
  ~line_queue();

  void push(line l);     ///< waits while it is full
  bool pop(line& to);    ///< false when it is empty
  void drop();           ///< what is there, and what comes from now on
  void wake() noexcept;  ///< the reader
  int event_fd() const noexcept { return event_; }
  void clear_event() noexcept;

 private:
  std::mutex lock_;
  std::condition_variable room_;
  std::deque<line> lines_;
  bool dropping_ = false;
  int event_ = -1;
};

/// A call at work on its helper thread. Dropped before its end, it goes on there, and the lines
/// that come are dropped as well.
class background {
 public:
  /// What an exception of a signal's handler means for the call.
  enum class interrupt { cancels, leaves_it_alone };

  /// \param work    the call; without the GIL
  /// \param cancel  makes it end soon; asked again, sooner
  /// Errors: std::system_error if there is no thread to be had.
  background(std::shared_ptr<line_queue> lines, std::function<void()> work,
             std::function<void()> cancel);
  background(const background&) = delete;
  background& operator=(const background&) = delete;
  ~background();

  /// On this thread, with the GIL: `on_line` (may be None) for each line, and the handlers of
  /// signals. If on_line raises, the call is cancelled, and the exception comes out once it is
  /// over; likewise for handlers, unless they are to leave it alone: then it comes out at once.
  /// \return whether the call is over; false at `until`. Threads: one at a time.
  bool serve(py::handle on_line, std::int64_t until, interrupt handlers);
  /// It may still be at work, in this process.
  bool running() const noexcept;

 private:
  struct shared;
  void join();
  std::shared_ptr<shared> shared_;
  std::thread thread_;
};

/// As an OSError.
[[noreturn]] void raise_no_thread(const std::system_error& why);

/// Run `work` as a background call to its end. Where there is no thread to be had and no `on_line`
/// to be called: on this thread, which hears no signals meanwhile.
void in_helper_thread(const std::shared_ptr<line_queue>& lines, py::handle on_line,
                      const std::function<void()>& work, const std::function<void()>& cancel);

}  // namespace brood_python
