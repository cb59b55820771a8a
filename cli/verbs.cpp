// The table of verbs.
// SPDX-License-Identifier: Apache-2.0
#include "verbs.hpp"

#include "flags.hpp"
#include "map/settings.hpp"
#include "run_flags.hpp"

namespace cli {

namespace {

constexpr verb table[] = {
    {"run", verb_run, "run a command, with limits on its time, output and resources",
     [] { return page_of(run_flags()); }},
    {"map", verb_map, "run a command for each of many arguments, several at once",
     [] { return page_of(map_flags()); }},
    {"ls", verb_ls, "list the runs that the journal has", ls_page},
    {"report", verb_report, "report on a run: text, JSON, JUnit, HTML, a trace", report_page},
};

}  // namespace

std::span<const verb> verbs() { return table; }

}  // namespace cli
