// `brood map`: from its words to a batch.
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "exit.hpp"
#include "hints.hpp"
#include "identity.hpp"
#include "io.hpp"
#include "journal/folder.hpp"
#include "ladder.hpp"
#include "map/batch.hpp"
#include "map/blocks.hpp"
#include "map/command_template.hpp"
#include "map/input.hpp"
#include "map/packing.hpp"
#include "map/run_journal.hpp"
#include "map/settings.hpp"
#include "map/workers.hpp"
#include "signals.hpp"
#include "terminal_modes.hpp"
#include "verbs.hpp"

namespace cli {

namespace {

bool is_separator(std::string_view word) {
  return word == ":::" || word == ":::+" || word == "::::" || word == "::::+";
}

record_format format_of(const map_settings& s) {
  record_format f;
  f.delimiter = s.delimiter;
  f.csv = s.csv;
  if (s.separator) set_separator(f, *s.separator);
  f.may_have_mark = s.csv || s.separator || s.header;
  if (s.csv && (f.separator.size() > 1 || f.blanks ||
                f.separator.find_first_of("\"\r\n") != f.separator.npos)) {
    throw failure{"--colsep: with --csv it must be one character, and no quote or line end"};
  }
  return f;
}

/// Adds what follows the command, `::: words` and `:::: files`, in their order.
void add_sources(std::span<char* const> words, const record_format& f, input& to) {
  while (!words.empty()) {
    const std::string_view how = words[0];
    std::vector<std::string> values;
    words = words.subspan(1);
    for (; !words.empty() && !is_separator(words[0]); words = words.subspan(1)) {
      values.emplace_back(words[0]);
    }
    const bool linked = how.ends_with('+');
    if (linked && to.empty()) {
      throw failure{"map: " + std::string(how) + " has no arguments before it to go with"};
    }
    if (how.starts_with("::::")) {
      if (values.empty()) throw failure{"map: " + std::string(how) + " needs the name of a file"};
      for (const std::string& v : values) to.add(file_source(v, f), linked);
    } else {
      to.add(words_source(std::move(values), f), linked);
    }
  }
}

input make_input(const map_settings& s, std::span<char* const> sources) {
  const record_format f = format_of(s);
  input in;
  for (const std::string& file : s.files) in.add(file_source(file, f), false);
  add_sources(sources, f, in);
  if (in.empty()) in.add(file_source("-", f), false);
  if (s.header) in.read_header();
  if (s.shuffle) in.shuffle();
  return in;
}

void check(const map_settings& s) {
  const auto refuse = [](bool both, const char* what) {
    if (both) throw failure{std::string("map: contradictory options: ") + what};
  };
  using mode = output_mode;
  refuse(s.verbose && s.quiet, "--verbose and --quiet");
  refuse(s.json && s.output != mode::grouped, "--json and --line-buffer or --ungroup");
  refuse(s.json && s.quiet_ok, "--json and --quiet-ok");
  refuse(s.quiet_ok && s.output != mode::grouped, "--quiet-ok and --line-buffer or --ungroup");
  refuse(!s.results.empty() && s.output != mode::grouped,
         "--results and --line-buffer or --ungroup");
  refuse(s.output == mode::ungrouped && s.keep_order, "--ungroup and --keep-order");
  refuse(s.output == mode::ungrouped && (s.tag || s.tag_text), "--ungroup and --tag");
  refuse(s.has("max_output") && s.output != mode::grouped,
         "--max-output and --line-buffer or --ungroup");
  refuse(s.timeout_percent && s.has("timeout"), "two values of --timeout");
  refuse(s.tag && s.tag_text, "--tag and --tagstring");
  refuse(s.no_journal && (s.resume || s.explain), "--no-journal and --resume or --explain");
  refuse(s.pipe && s.workers, "--pipe and --pool");
  refuse(s.pipe && (s.has("in") || s.has("input")), "--pipe and --stdin or --input");
  refuse(s.pipe && (s.header || s.csv || s.separator || s.delimiter != '\n' || s.shuffle),
         "--pipe and --header, --csv, --colsep, --null, --delimiter or --shuf");
  refuse(s.csv && s.delimiter != '\n',
         "--csv and --null or --delimiter (--colsep separates columns)");
  refuse(s.workers && (s.json || !s.joblog.empty() || !s.results.empty() || s.resume || s.explain),
         "--pool and --json, --joblog, --results or the journal");
  refuse(s.workers && (s.shell || s.dry_run || s.options.retry.attempts > 1),
         "--pool and --shell, --dry-run or --retry");
  refuse(s.workers && s.output != mode::grouped, "--pool and --line-buffer or --ungroup");
  // Elsewhere it makes records of N lines, of which a block has several.
  refuse(s.pipe && s.skip_empty, "--pipe and --max-lines");
  if (!s.pipe && (s.record_start || s.record_end)) {
    throw failure{"map: --recstart and --recend are for --pipe"};
  }
  if (s.options.max_output.policy == brood::overflow::spill) {
    throw failure{"map: --overflow spill is for one command: --results keeps all output"};
  }
  if (s.has("max_output.policy") && !s.has("max_output")) {
    throw failure{"map: --overflow needs --max-output"};
  }
}

/// Waits for the lock of --lock, which is ours until we exit. Errors: failure.
void take_lock(const map_settings& s) {
  const auto folder = journal::folder::make(journal::folder_to_use());
  const std::string path = folder.path_of("lock");
  const int lock = folder.open_file("lock", O_RDWR | O_CREAT, 0600);
  if (lock < 0) throw system_failure("open '" + path + "'");
  if (::flock(lock, LOCK_EX | LOCK_NB) == 0) return;
  if (errno == EWOULDBLOCK && !s.quiet)
    complain("another run is active here: waiting for it to end");
  while (::flock(lock, LOCK_EX) != 0) {
    if (errno != EINTR) throw system_failure("flock '" + path + "'");
  }
}

/// The line of --dry-run for a job under --resume and --explain: would it run, and why.
std::string dry_run_line(dry_run_journal& f, map_job& job, const command_template& c,
                         const map_settings& s) {
  job.cmd = c.command_for(job);
  const bool done = f.is_done(job);
  std::string line = c.text_for(job);
  if (s.explain) return "job " + std::to_string(job.seq) + " " + f.explain(job) + ": " + line;
  return done ? "" : line;
}

void print_commands(job_source& jobs, const command_template& c, const map_settings& s,
                    dry_run_journal* f) {
  const auto slots = static_cast<std::uint64_t>(resolve(s.jobs));
  for (;;) {
    map_job job;
    const got r = jobs.next(job);
    if (r == got::end) return;
    if (r == got::wait) {
      pollfd p{jobs.waits_for(), POLLIN, 0};
      ::poll(&p, 1, -1);
      continue;
    }
    job.slot = f != nullptr ? 1 : static_cast<int>((job.seq - 1) % slots) + 1;
    const std::string line = f != nullptr ? dry_run_line(*f, job, c, s) : c.text_for(job);
    if (!line.empty() && !write_all(STDOUT_FILENO, shown_on(STDOUT_FILENO, line) + "\n")) {
      throw system_failure("cannot write to stdout");
    }
  }
}

struct cut_words {
  std::vector<std::string> all;  // for the journal
  std::vector<std::string> command;
  std::span<char* const> sources;
};

cut_words cut(std::span<char* const> words) {
  cut_words c;
  while (!words.empty() && !is_separator(words[0])) {
    c.command.emplace_back(words[0]);
    words = words.subspan(1);
  }
  c.sources = words;
  return c;
}

std::unique_ptr<job_source> make_blocks(const map_settings& s, const cut_words& words) {
  if (!words.sources.empty()) throw failure{"map: --pipe takes no arguments after :::"};
  if (s.files.size() > 1) throw failure{"map: --pipe reads one file"};
  block_format f;
  f.bytes = s.block;
  f.records = s.max_args;
  if (s.record_start) {
    f.start = *s.record_start;
    f.end.clear();
  }
  if (s.record_end) f.end = *s.record_end;
  f.hashed = !s.no_journal && (!s.dry_run || s.resume || s.explain);
  return block_jobs(s.files.empty() ? "-" : s.files[0], std::move(f));
}

/// Makes the source of jobs, one for each argument or for several, and fills `t` and `c`.
std::unique_ptr<job_source> make_jobs(const map_settings& s, const cut_words& words,
                                      template_options& t, std::optional<command_template>& c) {
  if (s.pipe) {
    t.append = false;
    c.emplace(words.command, s, t);
    return make_blocks(s, words);
  }
  input in = make_input(s, words.sources);
  t.names = in.names();
  const bool cuts = s.separator || s.csv;  // into any number of columns
  const std::size_t records = s.max_args > 0 ? s.max_args : 1;
  if (s.header || !cuts) t.columns = (s.header ? t.names.size() : in.sources()) * records;
  t.single = !cuts && t.columns == 1;
  t.append = !s.workers;
  c.emplace(words.command, s, t);
  packing how{s.max_args > 0 ? s.max_args : 1};
  if (s.max_args > 1 && !s.workers) how = pack_for(c->argument_budget(), s.max_args, s.options);
  how.skip_empty = s.skip_empty;
  auto jobs = argument_jobs(std::move(in), how);
  return s.eta ? counted_jobs(std::move(jobs)) : std::move(jobs);
}

/// As make does: what is asked for counts, else one job runs at a time.
void go_on_without_jobserver(brood::pool& workers, const map_settings& s, const brood::error& why) {
  const bool asked = s.jobs.what != job_count::kind::cpus;
  if (asked) workers.resize(resolve(s.jobs));
  if (s.quiet) return;
  complain((asked ? "" : "one job at a time: ") + std::string(why.what()));
}

int run_batch(map_settings& s, const cut_words& words) {
  template_options t;
  t.all = s.replacement.value_or(t.all);
  t.numbers = !s.replacement;
  std::optional<command_template> composed;
  if (!s.shell) refuse_shell_text(words.command[0]);
  if (s.files.empty() && words.sources.empty()) explain_stdin(words.command, s.pipe, s.quiet);
  const auto jobs = make_jobs(s, words, t, composed);
  const command_template& c = *composed;
  if (s.dry_run) {
    std::optional<dry_run_journal> past;
    if (s.resume || s.explain) past.emplace(s, c, t, words.all);
    print_commands(*jobs, c, s, past ? &*past : nullptr);
    return 0;
  }
  if (is_bounded(s.jobs) && !s.quiet) {
    complain("the limit of open files allows " + std::to_string(resolve(s.jobs)) +
             " jobs at once: 'ulimit -n' changes it");
  }
  if (s.lock) take_lock(s);
  if (s.options.contain == brood::containment::sealed) become_reaper();
  if (s.workers) return run_workers(words.command, s, *jobs);
  results_writer files(s, c, t);
  // Opening the journal takes about as long as starting the first guardian, so both happen at once.
  run_journal past(s, c, t, words.all);
  auto workers = std::make_unique<brood::pool>(
      brood::pool_options{.max_workers = resolve(s.jobs),
                          .jobserver = brood::jobserver_role::join,
                          .prestart_guardian = s.options.contain == brood::containment::sealed,
                          .inherits_once = true});
  const auto why = workers->jobserver_problem();
  if (why && why->kind() != brood::error_kind::not_found)
    go_on_without_jobserver(*workers, s, *why);
  past.await_run();
  const int status = batch(s, *jobs, c, {files, past}, *workers).run();
  past.start_end(status);
  workers.reset();  // meanwhile the journal is written
  past.await_end();
  return status;
}

/// A shell that runs a script goes on after a command that handled Ctrl-C by exiting, and ends
/// itself after one that died of it.
int end_as(int status, const terminal_modes& modes) {
  if (status != 0) modes.restore();
  if (status == exit_signal_base + SIGINT) take_by_default(SIGINT);
  return status;
}

}  // namespace

int verb_map(std::span<char* const> words) {
  map_settings s;
  s.options.contain = brood::containment::sealed;
  const std::size_t count = read_flags(map_flags(), words, s);
  if (const std::string page = help_of(map_flags(), s); !page.empty()) {
    if (write_all(STDOUT_FILENO, page)) return 0;
    throw system_failure("cannot write to stdout");
  }
  make_ladder("map", s);
  complete_identity(s);
  check(s);
  cut_words cut_up = cut(words.subspan(count));
  cut_up.all = without_secrets(map_flags(), words);
  cut_up.all.insert(cut_up.all.begin(), {"brood", "map"});
  if (cut_up.command.empty() && !s.shell) {
    throw failure{cut_up.sources.empty()
                      ? "map: there is no command; see 'brood map --help'"
                      : "map: there is no command before ':::'; if the arguments are commands, "
                        "write --shell"};
  }
  const terminal_modes modes;
  return end_as(run_batch(s, cut_up), modes);
}

}  // namespace cli
