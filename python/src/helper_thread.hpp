// A blocking call of the engine on a thread of its own, so that the caller's still hears signals.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>

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

/// Run `work` on a helper thread, without the GIL, and meanwhile, on this one, `on_line` (may be
/// None) for each line and the handlers of signals. If one of those raises, `cancel` is called, and
/// the exception comes out once `work` is done; each further signal that raises cancels again.
void in_helper_thread(line_queue& lines, py::handle on_line, const std::function<void()>& work,
                      const std::function<void()>& cancel);

}  // namespace brood_python
