// `brood report`: one run of the journal in several forms; the output and the attempts of one job.
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "journal_verbs.hpp"
#include "parse_words.hpp"
#include "report/formats.hpp"
#include "report/why.hpp"
#include "report/words.hpp"
#include "verbs.hpp"

namespace cli {

namespace {

struct report_settings {
  std::optional<std::int64_t> run{};
  std::string as = "text";
  bool failed = false;
  std::optional<std::uint64_t> logs{};
  std::optional<std::uint64_t> why{};
  std::string journal{};
  bool help = false;
  bool help_all = false;
};

constexpr page_row examples[] = {
    {"brood report", "the last run"},
    {"brood report 5 --failed", "what failed in run 5"},
    {"brood report --why 20", "why job 20 ran, and how each attempt ended"},
    {"brood report --logs 20", "what job 20 wrote"},
    {"brood report --as html > page.html", "a page for a browser"},
};
constexpr std::string_view common[] = {"--as", "--failed", "--logs", "--why", "--journal"};
constexpr page_row statuses[] = {{"0", "reported"},
                                 {"125", "there is no such run, job or journal"}};
constexpr page_text words{examples, common, statuses, {}};

verb_page make_report_page(report_settings& s) {
  verb_page page =
      make_page("brood report [OPTIONS] [RUN]",
                "Reports on a run of the journal, the last one if none is named.", words);
  CLI::App& app = *page.app;
  const std::string group = "Options";
  app.add_option("RUN", s.run)->group("");
  std::vector<std::string> names;
  for (const report_format& f : report_formats()) names.emplace_back(f.name);
  app.add_option("--as", s.as, "The form of the report")
      ->type_name(CLI::detail::join(names, "|"))
      ->group(group);
  app.add_flag("--failed", s.failed, "Only jobs that failed")->group(group);
  app.add_option("--logs", s.logs, "Print what this job wrote: stdout, then stderr, as bytes")
      ->type_name("JOB")
      ->group(group);
  app.add_option("--why", s.why, "Say why this job ran, how each attempt ended, what it depends on")
      ->type_name("JOB")
      ->group(group);
  app.add_option("--journal", s.journal, journal_flag_help)->type_name("DIR")->group(group);
  app.add_flag("-h,--help", s.help, "Print examples and the usual options")->group(group);
  app.add_flag("--help-all", s.help_all, "Print this page")->group(group);
  app.footer(
      "JOB is the number of a job, from 1. 'json' is one document; 'joblog' has the\n"
      "columns of GNU parallel; 'junit' is XML; 'trace' is for Perfetto and\n"
      "chrome://tracing; 'metrics' is OpenMetrics; 'html' is a page without anything\n"
      "outside of it.");
  return page;
}

journal::run_record find_run(journal::reader& journal, const std::optional<std::int64_t>& wanted) {
  if (const auto run = wanted ? journal.run(*wanted) : journal.last_run()) return *run;
  const auto last = journal.last_run();
  if (!last)
    throw failure{"the journal '" + journal.where().path_of(journal::database_name) +
                  "' has no run yet"};
  throw failure{"there is no run " + std::to_string(wanted.value_or(0)) + "; the last one is " +
                std::to_string(last->id)};
}

std::vector<journal::attempt> find_job(journal::reader& journal, const journal::run_record& run,
                                       std::uint64_t seq) {
  std::vector<journal::attempt> attempts = journal.attempts_of(run.id, seq);
  if (attempts.empty()) {
    throw failure{"run " + std::to_string(run.id) + " has no job " + std::to_string(seq) +
                  "; 'brood report --as joblog' lists those that ran"};
  }
  return attempts;
}

void copy(const journal::reader& journal, const journal::kept_output& kept, sink& to) {
  const int fd = journal.open_output(kept);
  std::string buffer(64 * 1024, '\0');
  for (std::uint64_t done = 0; done < kept.bytes;) {
    const auto want = std::min<std::uint64_t>(buffer.size(), kept.bytes - done);
    const ssize_t n = read_at(fd, std::span(buffer).first(want), kept.offset + done);
    if (n <= 0) {
      const std::string reason = n < 0 ? std::strerror(errno) : "it is shorter than it was";
      ::close(fd);
      throw failure{"cannot read the output '" + journal.path_of(kept) + "': " + reason};
    }
    to << std::string_view(buffer).substr(0, static_cast<std::size_t>(n));
    done += static_cast<std::uint64_t>(n);
  }
  ::close(fd);
}

void write_logs(const journal::reader& journal, const journal::attempt& a, sink& to) {
  if (a.out.path.empty() && a.err.path.empty()) {
    throw failure{"the output of job " + std::to_string(a.seq) + " was not kept"};
  }
  for (const journal::kept_output* kept : {&a.out, &a.err}) {
    if (!kept->path.empty() && kept->bytes > 0) copy(journal, *kept, to);
  }
}

}  // namespace

verb_page report_page() { return page_alone(make_report_page); }

int verb_report(std::span<char* const> words) {
  report_settings s;
  const verb_page page = make_report_page(s);
  parse_words(page, "report", words);
  sink to(STDOUT_FILENO);
  if (s.help || s.help_all) {
    to << (s.help_all ? full_help(page) : short_help("report", page));
    to.flush();
    return 0;
  }
  const auto formats = report_formats();
  const auto format = std::find_if(formats.begin(), formats.end(),
                                   [&s](const report_format& f) { return f.name == s.as; });
  if (format == formats.end()) {
    std::vector<std::string_view> names;
    for (const report_format& f : formats) names.push_back(f.name);
    throw failure{"report: --as: there is no form '" + s.as + "'" +
                  did_you_mean(s.as, names, "; see 'brood report --help'")};
  }
  journal::reader journal(journal_folder(s.journal));
  const journal::run_record run = find_run(journal, s.run);
  if (s.logs) {
    write_logs(journal, find_job(journal, run, *s.logs).back(), to);
  } else if (s.why) {
    write_why(journal, run, find_job(journal, run, *s.why), to);
  } else {
    format->write({.journal = journal, .run = run, .failed_only = s.failed}, to);
  }
  to.flush();
  return 0;
}

}  // namespace cli
