// The story of one job: why it ran, according to the runs before, and how its attempts ended.
// SPDX-License-Identifier: Apache-2.0
#include "report/why.hpp"

#include <string>

#include "journal/ending.hpp"
#include "journal/history.hpp"
#include "map/blocks_changed.hpp"
#include "report/words.hpp"

namespace cli {

void write_why(const journal::reader& journal, const journal::run_record& run,
               const std::vector<journal::attempt>& attempts, sink& to) {
  const journal::attempt& last = attempts.back();
  to << "job " << std::to_string(last.seq) << " of run " << std::to_string(run.id) << ": "
     << command_line(last.argv) << "\n";
  journal::history past(journal.where(), run.id, std::chrono::seconds(5));
  journal::job_identity id = last.identity;
  id.parts = past.parts_of(id.key);
  const std::string reason = past.explain({id, last.argv, [&run](const auto& before) {
                                             return blocks_changed(before, run.info.argv);
                                           }});
  // Without --resume a job runs even if it had been done.
  to << "  "
     << (reason.starts_with("skipped: ") ? "runs, though it " + reason.substr(9) + ": no --resume"
                                         : printable(reason))
     << "\n";
  for (const journal::attempt& a : attempts) {
    to << "  attempt " << std::to_string(a.number) << ": " << printable(describe_end(a, run.state));
    if (a.ended) {
      to << " after " << span_text(a.wall) << " (user " << span_text(a.user) << ", system "
         << span_text(a.system) << ", max RSS " << size_text(a.max_rss_bytes) << ")";
      if (!a.complete) to << ", output not complete";
    }
    to << "\n    worker " << std::to_string(a.slot);
    if (a.pid != 0) to << ", pid " << std::to_string(a.pid);
    if (!a.containment.empty()) to << ", " << a.containment;
    to << ", started " << local_time(a.started) << "\n";
    write_tail(journal, a.err, to);
  }
  for (const journal::job_part& p : id.parts) {
    const bool input = p.what == journal::job_part::kind::input;
    to << "  depends on the " << (input ? "input " : "variable ") << printable(p.name);
    // A hash of a variable would let others test guesses of its value.
    to << (input ? " (" + journal::to_text(p.digest) + ")\n" : "\n");
  }
  to << "  key " << journal::to_text(id.key) << "\n";
}

}  // namespace cli
