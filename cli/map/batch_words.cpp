// What a batch says about itself: its state while it runs, each end, and what became of all jobs.
// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>

#include "bytes.hpp"
#include "clock.hpp"
#include "io.hpp"
#include "map/batch.hpp"
#include "map/outcome.hpp"
#include "map/slot.hpp"
#include "report.hpp"

namespace cli {

/// Why fewer jobs run than may; empty if that is no news.
std::string batch::waits_for(std::int64_t now) const {
  if (!starting_ || room() == 0) return {};
  if (!throttle_.reason().empty()) return throttle_.reason();
  if (input_waits_ && !fetched_) return "arguments";
  if (waiting_.empty() || fetched_) return {};
  const std::int64_t left = std::max<std::int64_t>(0, waiting_.top().due - now);
  return "another attempt in " + rounded(std::chrono::nanoseconds(left));
}

batch_state batch::state(std::size_t most) const {
  batch_state b;
  b.done = tally_.done;
  b.failed = tally_.failed;
  b.skipped = skipped_;
  b.running = static_cast<std::size_t>(running_);
  b.total = input_ended_ ? std::optional(fetched_count_) : jobs_.total();
  const std::int64_t now = monotonic_now();
  for (const auto& s : slots_) {
    if (b.jobs.size() >= most) break;
    if (s->number == 0) continue;
    std::string line = s->output->last_line();
    if (line.empty()) line = template_.text_for(*s->job);
    b.jobs.push_back({s->job->seq, static_cast<double>(now - s->job->began) / 1e9, line});
  }
  b.waits_for = waits_for(now);
  return b;
}

void batch::answer_question(std::int64_t now) {
  clear_line();
  std::string page = "brood: " + summary(state(0), static_cast<double>(now - began_) / 1e9) + "\n";
  for (const auto& s : slots_) {
    if (s->number == 0) continue;
    page += "  job " + std::to_string(s->job->seq) + " for " +
            rounded(std::chrono::nanoseconds(now - s->job->began)) + ": " +
            printable(template_.text_for(*s->job)) + "\n";
  }
  write_all(STDERR_FILENO, page);
}

/// The last line, if there is anything to say.
void batch::say_outcome() {
  if (settings_.quiet || fatal_) return;
  const bool ended_early =
      signals_.signal() != 0 || (halted_ && settings_.halt.what != halt_policy::kind::success);
  const bool journal = journal_.at_work();
  if (!ended_early && skipped_ == 0) {
    if (tally_.failed == 0) return;
    return tell(std::to_string(tally_.failed) + " of " + std::to_string(tally_.done) +
                " jobs failed" + (journal ? ": 'brood report --failed' has more" : ""));
  }
  batch_outcome o{.ok = tally_.done - tally_.failed,
                  .failed = tally_.failed,
                  .stopped = stopped_,
                  .skipped = skipped_,
                  .journal = journal};
  const std::uint64_t seen = tally_.done + stopped_ + skipped_;
  const auto total = input_ended_ ? std::optional(fetched_count_) : jobs_.total();
  o.not_started = total ? std::optional(*total - std::min(*total, seen)) : std::nullopt;
  tell(to_text(o));
}

/// The line of --progress.
void batch::tell_end(const job_end& end, std::string_view how) {
  if (!progress_.by_lines()) return;
  const batch_state b = state(0);
  std::string line = "job " + std::to_string(end.job->seq) + ": " + std::string(how);
  if (end.result != nullptr) line += " after " + to_text(end.result->usage.wall);
  line += "; " + std::to_string(b.done);
  if (b.total) line += " of " + std::to_string(*b.total - std::min(b.skipped, *b.total));
  tell(line + " done: " + template_.text_for(*end.job));
}

}  // namespace cli
