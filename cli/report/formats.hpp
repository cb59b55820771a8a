// The forms of a report, each a function that writes one run of a journal.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>
#include <span>
#include <string_view>

#include "journal/ending.hpp"
#include "journal/reader.hpp"
#include "report/sink.hpp"

namespace cli {

/// What is reported: the attempts of one run, or only those of jobs that failed.
struct report_source {
  journal::reader& journal;
  journal::run_record run;
  bool failed_only = false;

  void each(const std::function<void(const journal::attempt&)>& see) const {
    journal.each_attempt(run.id, [&](const journal::attempt& a) {
      if (!failed_only || (a.last && state_of(a) == journal::attempt_state::failed)) see(a);
    });
  }
  journal::attempt_state state_of(const journal::attempt& a) const {
    return journal::state_of(a, run.state);
  }
};

void write_text(const report_source& from, sink& to);     ///< for people
void write_json(const report_source& from, sink& to);     ///< one document: the run, its attempts
void write_joblog(const report_source& from, sink& to);   ///< the columns of GNU parallel
void write_junit(const report_source& from, sink& to);    ///< XML, a test case for each job
void write_trace(const report_source& from, sink& to);    ///< trace events, for Perfetto
void write_metrics(const report_source& from, sink& to);  ///< OpenMetrics
void write_html(const report_source& from, sink& to);     ///< a page that loads nothing else

struct report_format {
  std::string_view name;
  void (*write)(const report_source& from, sink& to);
};
std::span<const report_format> report_formats();

}  // namespace cli
