// The progress of a batch on stderr: a live view on a terminal of ours, else a line now and then.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <brood/callback.hpp>

#include "map/eta.hpp"
#include "map/settings.hpp"

namespace cli {

/// The state of a batch.
struct batch_state {
  std::uint64_t done = 0;  ///< including failed ones, without skipped ones
  std::uint64_t failed = 0;
  std::uint64_t skipped = 0;
  std::optional<std::uint64_t> total;
  std::size_t running = 0;
  struct job {
    std::uint64_t seq;
    double seconds;
    std::string last_line;
  };
  std::string waits_for;  ///< why no more are running, or empty
  std::vector<job> jobs;  ///< some of the running ones
};

/// "12 of 40 done, 1 failed, 2 running, 3.1/s, 9 s left"
std::string summary(const batch_state& s, double seconds);

class progress {
 public:
  /// `now`, here and below: monotonic ns.
  /// \param continued  true if somebody has stopped us and let us go on, since it was last asked.
  progress(const map_settings& s, std::int64_t now, brood::callback<bool()> continued);
  progress(const progress&) = delete;
  progress& operator=(const progress&) = delete;
  ~progress() { hide(); }

  /// True if each end of a job is to be told with a line of its own.
  bool by_lines() const { return by_lines_; }
  /// When update() should be called again; INT64_MAX: never.
  std::int64_t next() const { return next_; }
  /// It is time for update().
  bool is_due(std::int64_t now) const { return now >= next_; }
  /// Shows the state if it is time to. `state` gets the number of jobs that there is room for.
  void update(std::int64_t now, const std::function<batch_state(std::size_t jobs)>& state);
  /// Takes the view away, before other output goes to the same terminal.
  void hide();

 private:
  void draw(const batch_state& s, double seconds);
  std::string bar(const batch_state& s, std::size_t width) const;

  brood::callback<bool()> continued_;
  bool terminal_ = false;
  bool live_ = false;
  bool by_lines_ = false;
  bool bar_ = false;
  bool colour_ = false;
  std::int64_t start_;
  std::int64_t next_ = INT64_MAX;
  std::vector<std::size_t> drawn_;  // the columns of each line on the screen
};

}  // namespace cli
