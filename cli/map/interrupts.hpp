// The signals that a batch gets, for its one thread that may be blocked in a read or a write.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

namespace cli {

/// INT, TERM, HUP and QUIT (those that are not ignored) are counted; after the first, the thread's
/// blocking calls are interrupted again and again, so that none is blocked for good between asking
/// and waiting. There is one of these at a time; it lives until the tool exits.
class interrupts {
 public:
  /// Errors: failure.
  interrupts();
  interrupts(const interrupts&) = delete;
  interrupts& operator=(const interrupts&) = delete;

  /// The first one that came, or 0.
  int signal() const;
  /// How often it was wished. Signals at almost the same time are one wish.
  int wishes() const;
  /// Somebody sent USR1 since the last call.
  bool take_question();

  /// Readable after wake() or a signal.
  int event() const { return event_; }
  /// From any thread.
  void wake() const;
  void clear() const;

 private:
  int event_ = -1;
};

}  // namespace cli
