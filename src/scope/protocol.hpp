// What a host and its guardian send each other, one packet each.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "base/ladder_steps.hpp"
#include "spawn/plan_view.hpp"
#include "sys/reap.hpp"

namespace brood::detail {

/// Both sides are built together: the guardian is embedded in the library. A packet may have a
/// piece of a plan after the `request`; the rest follows in further packets.
inline constexpr std::size_t plan_piece = 64 * 1024;

struct request {
  enum class what : std::uint8_t {
    pass,     ///< descriptors come along: the next command's plan knows them as n, n + 1...
    launch,   ///< n bytes of packed plan, perhaps descriptors; steps: what to do if we die
    signal,   ///< n to the command itself
    deliver,  ///< n to the whole tree; to those that are forked later too, if `repeat`
    release,  ///< forget the tree and exit
  };
  what kind;
  bool stay = false;  ///< launch: once nothing is left, wait for the next one
  bool repeat = false;
  std::uint8_t unused = 0;
  int first = 0;  ///< launch: the number of the first descriptor that comes along
  std::uint64_t n = 0;
  ladder_steps steps{};
};

struct reply {
  enum class what : std::uint8_t {
    launched,  ///< pid; a pidfd comes along where there is one. It may not have exec'ed yet
    started,   ///< it has executed its program
    failed,    ///< error
    exited,    ///< record, at; perhaps `empty` as well
    empty,
    trouble,  ///< os: why somebody was not signalled
  };
  what kind;
  bool empty = false;  ///< nothing is left below the guardian, which exits now...
  bool stays = false;  ///< ...unless it waits for the next launch
  std::uint8_t unused = 0;
  int pid = -1;
  std::int64_t os = 0;
  std::int64_t at = 0;  ///< monotonic ns
  child_error error{};
  sys::exit_record record{};
};

// All bytes that are sent have a value: the host's memory is not the guardian's to read.
static_assert(std::has_unique_object_representations_v<request>);
static_assert(std::has_unique_object_representations_v<reply>);

}  // namespace brood::detail
