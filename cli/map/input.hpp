// The arguments of a batch, one combination after another, read as they are needed.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "map/source.hpp"

namespace cli {

/// Groups of sources: within a group the sources are linked (`:::+`: the first with the first, the
/// second with the second, until the shortest ends); between groups there are all combinations, and
/// the last group changes fastest. The first group is read as it comes, the others are kept in
/// memory.
class input {
 public:
  void add(std::unique_ptr<source> s, bool linked);
  std::size_t sources() const;
  bool empty() const { return groups_.empty(); }

  /// Takes the names of the columns, without blanks around them, from the first record of each
  /// source, and waits for those.
  /// Errors: failure.
  void read_header();
  const std::vector<std::string>& names() const { return names_; }
  /// Gives everything in random order.
  void shuffle() { shuffled_ = true; }

  /// How many combinations there will be, if that is known in advance.
  std::optional<std::uint64_t> total() const;

  /// Never waits. Errors: failure.
  got next(fields& to);
  int waits_for() const { return waits_for_; }

 private:
  struct group {
    std::vector<std::unique_ptr<source>> linked;
    fields partial;        // the record that is being read
    std::size_t have = 0;  // how many sources have contributed to it
    std::vector<fields> kept;
    std::size_t at = 0;
  };
  got from(group& g, fields& to);
  got load();
  got next_in_order(fields& to);
  got next_of_product(fields& to);
  bool step();

  std::vector<group> groups_;
  std::vector<std::string> names_;
  fields first_;  // the current record of the first group
  bool have_first_ = false;
  std::size_t loaded_ = 1;  // index of the next group to read into memory
  int waits_for_ = -1;
  bool shuffled_ = false;
  bool all_here_ = false;  // everything that is shuffled has been read
  std::vector<fields> deck_;
};

}  // namespace cli
