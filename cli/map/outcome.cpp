// Counts jobs by what became of them, and leaves out what there is none of.
// SPDX-License-Identifier: Apache-2.0
#include "map/outcome.hpp"

namespace cli {

std::string to_text(const batch_outcome& o) {
  const bool left = o.stopped > 0 || o.not_started.value_or(1) > 0;
  std::string text = std::to_string(o.ok) + " ok";
  if (o.ok + o.failed == 0 && !left) text = "nothing to do";
  const auto add = [&text](std::uint64_t n, const char* what) {
    if (n > 0) text += ", " + std::to_string(n) + " " + what;
  };
  add(o.failed, "failed");
  add(o.stopped, "stopped");
  add(o.not_started.value_or(0), "not started");
  if (!o.not_started) text += ", more not started";
  add(o.skipped, "had succeeded before");
  if (o.journal && left) text += "; --resume goes on";
  if (o.journal && o.failed > 0) text += "; 'brood report --failed' has more";
  return text;
}

}  // namespace cli
