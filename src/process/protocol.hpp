// What we and the guardian say to each other, one packet each.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "process/ladder.hpp"
#include "spawn/plan_view.hpp"
#include "sys/reap.hpp"

namespace brood::detail {

/// Both sides are built together: the guardian is embedded in the library. A packet may have a
/// piece of a plan after the `ask`; what is more follows in packets of its own.
inline constexpr std::size_t plan_piece = 64 * 1024;

struct request {
  enum class what : std::uint8_t {
    pass,        ///< descriptors come along: the next command's plan knows them as n, n + 1...
    launch,      ///< n bytes of packed plan, perhaps descriptors; steps: what to do if we die
    signal,      ///< n to the command itself
    signal_all,  ///< n once to the whole tree
    stop,        ///< go down `steps` over the tree; asked again: straight to SIGKILL
    release,     ///< forget the tree and exit
  };
  what kind;
  bool stay = false;  ///< launch: once nothing is left, wait for the next one
  int first = 0;      ///< launch: the number of the first descriptor that comes along
  std::uint64_t n = 0;
  ladder_steps steps{};
};

struct reply {
  enum class what : std::uint8_t {
    started,  ///< pid; a pidfd comes along where there is one
    failed,   ///< error
    exited,   ///< record, at; perhaps `empty` as well
    empty,
  };
  what kind;
  bool empty = false;  ///< nothing is left below the guardian, which exits now...
  bool stays = false;  ///< ...unless it waits for the next launch
  int pid = -1;
  std::int64_t at = 0;  ///< monotonic ns
  child_error error{};
  sys::exit_record record{};
};

}  // namespace brood::detail
