// The stop ladder of two steps, and adopting orphans.
// SPDX-License-Identifier: Apache-2.0
#include <signal.h>
#include <sys/prctl.h>

#include <chrono>
#include <string>

#include "exit.hpp"
#include "ladder.hpp"

namespace cli {

void make_ladder(std::string_view verb, settings& s) {
  if (!s.signal && !s.kill_after.given()) return;
  if (s.has("stop")) {
    throw failure{std::string(verb) + ": contradictory options: --stop and --signal, --kill-after"};
  }
  constexpr brood::duration default_grace = std::chrono::seconds(5);
  s.options.stop = {
      {s.signal.value_or(SIGTERM), s.kill_after.given() ? s.kill_after : default_grace},
      {SIGKILL, {}}};
}

void become_reaper() { ::prctl(PR_SET_CHILD_SUBREAPER, 1); }

}  // namespace cli
