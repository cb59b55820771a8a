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

/// Keeps what has to wait for its turn in one unnamed file, however many jobs that are.
class printer {
 public:
  /// \param go_on  as for write_all(): whether to go on after a signal.
  printer(bool in_order, brood::callback<bool()> go_on)
      : in_order_(in_order), go_on_(std::move(go_on)) {}
  printer(const printer&) = delete;
  printer& operator=(const printer&) = delete;
  ~printer();

  /// Something that job `seq` wrote, to be shown on the descriptor `to`. \param tag  goes before
  /// each line. Errors: failure.
  void show(std::uint64_t seq, const extent& what, int to, std::string_view tag = {});
  void show(std::uint64_t seq, std::string_view text, int to);
  /// Job `seq` will not write any more. Errors: failure.
  void finish(std::uint64_t seq);
  /// The jobs that it waits for will not come: show what there is, in order. Errors: failure.
  void flush();
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
  [[noreturn]] void fail(int to) const;

  bool in_order_;
  brood::callback<bool()> go_on_;
  std::uint64_t turn_ = 1;
  std::map<std::uint64_t, held_job> held_;
  int file_ = -1;
  std::uint64_t file_size_ = 0;
};

}  // namespace cli
