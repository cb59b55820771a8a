// Shows what jobs wrote: the whole output of each at once, in order and tagged if asked to.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <brood/callback.hpp>

namespace cli {

/// Part of a file.
struct extent {
  int file = -1;
  std::uint64_t from = 0;
  std::uint64_t length = 0;
};

/// Output that has to wait for its turn is kept in one unnamed file, for all jobs together.
class printer {
 public:
  /// \param go_on  as for write_all(): whether to go on after a signal.
  printer(bool in_order, brood::callback<bool()> go_on)
      : in_order_(in_order), go_on_(std::move(go_on)) {}
  printer(const printer&) = delete;
  printer& operator=(const printer&) = delete;
  ~printer();

  /// Shows something that job `seq` wrote, on the descriptor `to`, with `tag` before each line.
  /// Errors: failure.
  void show(std::uint64_t seq, const extent& what, int to, std::string_view tag = {});
  void show(std::uint64_t seq, std::string_view text, int to);
  /// Tells that job `seq` has ended. Errors: failure.
  void finish(std::uint64_t seq);
  /// Shows everything that still waits, in order: no further job will come. Errors: failure.
  void flush();
  /// Ends a line on the terminal that a job has left unfinished, before something of ours is
  /// written there. Nothing where our own text does not go to a terminal.
  void end_line();
  bool in_order() const { return in_order_; }
  /// The job whose turn it is.
  std::uint64_t turn() const { return turn_; }
  /// Jobs that have ended before their turn.
  std::size_t held() const { return held_.size(); }

 private:
  struct part {
    int to;
    std::uint64_t from;
    std::uint64_t length;
  };
  struct held_job {
    std::vector<part> parts;
    bool finished = false;
  };
  int target_of(std::uint64_t seq, int to);
  void note(std::uint64_t seq, int to);
  void release(held_job& job);
  static bool is_beside_ours(int to);
  void note_end(int to, char last);
  void note_end(int to, const extent& what);
  [[noreturn]] void fail(int to) const;

  bool in_order_;
  brood::callback<bool()> go_on_;
  bool line_is_open_ = false;  // on the terminal
  std::uint64_t turn_ = 1;
  std::map<std::uint64_t, held_job> held_;
  int file_ = -1;
  std::uint64_t file_size_ = 0;
};

}  // namespace cli
