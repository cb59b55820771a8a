// A stop ladder on its way: which signal is due, and when to look again.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/deadline.hpp"
#include "base/ladder_steps.hpp"

namespace brood::detail {

/// Goes down a ladder. Pure: it is told the time and whether anybody is left.
class ladder {
 public:
  /// What is due now.
  struct due {
    int signal = 0;      ///< 0: nothing
    bool fresh = false;  ///< a new rung: everybody gets it; else only those that came since
    deadline until;      ///< when to call again at the latest
    deadline rung_ends;  ///< the same, if newcomers need not be looked for
  };

  void start(const ladder_steps& steps) noexcept;
  /// Skip to the last rung.
  void escalate() noexcept;
  bool started() const noexcept { return steps_.count > 0; }
  /// Nobody is left, or SIGKILL did not help.
  bool done() const noexcept { return done_; }
  /// The ladder ended although somebody is left.
  bool gave_up() const noexcept { return gave_up_; }

  /// \param empty    nobody is left.
  /// \param refused  SIGKILL was refused: it will not help.
  due step(std::int64_t now, bool empty, bool refused) noexcept;

 private:
  bool last() const noexcept { return at_ == steps_.count - 1; }
  deadline end_of_rung(bool refused) const noexcept;

  ladder_steps steps_{};
  std::int64_t at_ = 0;
  bool done_ = false;
  bool gave_up_ = false;
  bool entered_ = false;    // the rung at_
  std::int64_t since_ = 0;  // when it was entered
  deadline again_;          // when to look for newcomers
  std::int64_t pause_ = 0;
};

}  // namespace brood::detail
