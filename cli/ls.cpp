// `brood ls`: the runs of a journal, one a line.
// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include <brood/status.hpp>

#include "journal/reader.hpp"
#include "journal_verbs.hpp"
#include "parse_words.hpp"
#include "report/json_forms.hpp"
#include "report/sink.hpp"
#include "report/words.hpp"
#include "verbs.hpp"

namespace cli {

namespace {

struct ls_settings {
  bool json = false;
  bool help = false;
  bool help_all = false;
  std::string journal{};
};

constexpr page_row examples[] = {
    {"brood ls", "the runs of this folder"},
    {"brood ls --json | jq .run", "for programs"},
    {"brood ls --journal /srv/build/.brood", "another journal"},
};
constexpr std::string_view common[] = {"--json", "--journal"};
constexpr page_row statuses[] = {{"0", "listed"}, {"125", "there is no journal"}};
constexpr page_text words{examples, common, statuses, {}};

verb_page make_ls_page(ls_settings& s) {
  verb_page page = make_page("brood ls [OPTIONS]", "Lists the runs that the journal has.", words);
  const std::string group = "Options";
  page.app->add_flag("--json", s.json, "Print a JSON object for each run, one a line")
      ->group(group);
  page.app->add_option("--journal", s.journal, journal_flag_help)->type_name("DIR")->group(group);
  page.app->add_flag("-h,--help", s.help, "Print examples and the usual options")->group(group);
  page.app->add_flag("--help-all", s.help_all, "Print this page")->group(group);
  page.app->footer(
      "STATE is 'running', 'interrupted' (the tool was killed), 'ok', 'exit N', the\n"
      "tool's exit status, or the signal that stopped it. DONE counts jobs that\n"
      "succeeded, STOP those that were stopped with the run, SKIP those that an\n"
      "earlier run had done.");
  return page;
}

std::string state_of(const journal::run_record& run) {
  if (run.state != journal::run_state::ended) return std::string(to_text(run.state));
  const int status = run.exit_status.value_or(0);
  if (const int signal = stopped_by(run)) return std::string(brood::signal_name(signal));
  return status == 0 ? "ok" : "exit " + std::to_string(status);
}

using table = std::vector<std::vector<std::string>>;

/// Prints in columns. Numbers are aligned to the right; the last column is not padded.
void print(const table& lines, sink& to) {
  constexpr std::string_view numbers = "1001111100";  // by column
  std::vector<std::size_t> widths(lines[0].size());
  for (const auto& line : lines) {
    for (std::size_t i = 0; i + 1 < line.size(); ++i)
      widths[i] = std::max(widths[i], line[i].size());
  }
  for (const auto& line : lines) {
    for (std::size_t i = 0; i < line.size(); ++i) {
      const std::string gap(widths[i] - std::min(widths[i], line[i].size()), ' ');
      to << (i == 0 ? "" : "  ");
      if (numbers[i] == '1') {
        to << gap << line[i];
      } else {
        to << line[i] << gap;
      }
    }
    to << "\n";
  }
}

}  // namespace

verb_page ls_page() { return page_alone(make_ls_page); }

int verb_ls(std::span<char* const> words) {
  ls_settings s;
  const verb_page page = make_ls_page(s);
  parse_words(page, "ls", words);
  sink to(STDOUT_FILENO);
  if (s.help || s.help_all) {
    to << (s.help_all ? full_help(page) : short_help("ls", page));
    to.flush();
    return 0;
  }
  journal::reader journal(journal_folder(s.journal));
  const std::vector<journal::run_record> runs = journal.runs();
  if (s.json) {
    for (const journal::run_record& run : runs) to << run_object(run) << "\n";
  } else {
    table lines{{"RUN", "STARTED", "STATE", "DONE", "FAILED", "STOP", "SKIP", "WALL", "COMMAND"}};
    for (const journal::run_record& run : runs) {
      lines.push_back({std::to_string(run.id), local_time(run.info.started), state_of(run),
                       std::to_string(run.succeeded), std::to_string(run.failed),
                       std::to_string(run.stopped), std::to_string(run.skipped),
                       span_text(wall_of(run)), command_line(run.info.argv)});
    }
    print(lines, to);
  }
  to.flush();
  return 0;
}

}  // namespace cli
