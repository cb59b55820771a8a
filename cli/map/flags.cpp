// The flags of `brood map` that are not in the library's table.
// SPDX-License-Identifier: Apache-2.0
#include <sys/resource.h>

#include <algorithm>
#include <string>
#include <string_view>

#include <brood/option_table.hpp>
#include <brood/pool.hpp>

#include "exit.hpp"
#include "identity.hpp"
#include "map/numbers.hpp"
#include "map/settings.hpp"
#include "map/source.hpp"

namespace cli {

namespace {

using namespace flag_groups;

constexpr std::string_view arguments = "Arguments";
constexpr std::string_view journaling = "Journal";
constexpr std::string_view when = "How many, when";

using text = const std::string&;

map_settings& of_map(settings& s) { return static_cast<map_settings&>(s); }

/// The value of a flag, or a failure that names it.
template <class T>
T checked(brood::expected<T, brood::error> value, const char* flag) {
  if (!value) throw failure{std::string(flag) + ": " + value.error().what()};
  return *value;
}

void set_timeout(settings& s, text t) {
  if (!t.ends_with('%')) {
    if (const auto done = brood::find_option("timeout")->set(s.options, t); !done) {
      throw failure{done.error().what()};
    }
    s.given.emplace_back("timeout", t);
    return;
  }
  const auto percent = to_number<double>(std::string_view(t).substr(0, t.size() - 1));
  if (!percent || !(*percent > 100) || *percent > 1e6) {
    throw failure{"--timeout: '" + t + "' is not a duration, nor a share above 100% of the median"};
  }
  of_map(s).timeout_percent = percent;
}

void set_max_args(settings& s, text t) {
  const auto n = to_number<std::size_t>(t);
  if (!n || *n == 0) throw failure{"--max-args: '" + t + "' is not a number of at least 1"};
  of_map(s).max_args = *n;
}

void set_retries(settings& s, text t) {
  const auto n = to_number<int>(t);
  if (!n || *n < 0 || *n > 1'000'000'000) {
    throw failure{"--retries: '" + t + "' is not a number of at least 0"};
  }
  // GNU parallel's --retries is the number of attempts, not of repetitions.
  s.options.retry.attempts = std::max(1, *n);
}

void set_replacement(settings& s, text t) {
  if (t.empty()) throw failure{"--replace: the replacement string must not be empty"};
  of_map(s).replacement = t;
}

void set_header(settings& s, text t) {
  if (t != ":") throw failure{"--header: '" + t + "' is not ':', the first line"};
  of_map(s).header = true;
}

void set_load(settings& s, text t) {
  const bool percent = t.ends_with('%');
  const auto n = to_number<double>(std::string_view(t).substr(0, t.size() - (percent ? 1 : 0)));
  if (!n || !(*n > 0)) throw failure{"--load: '" + t + "' is not a load such as 4 or 80%"};
  of_map(s).load = percent ? *n / 100 * resolve({}) : *n;
}

void set_block(settings& s, text t) {
  of_map(s).block = checked(brood::parse_size(t), "--block");
  if (of_map(s).block == 0) throw failure{"--block: must be more than 0"};
}

constexpr own_flag own[] = {
    keep_terminal_flag,
    {"-a,--arg-file", "FILE",
     "Read arguments from the lines of FILE, not of stdin; may be repeated", arguments,
     [](settings& s, text t) { of_map(s).files.push_back(t); }},
    {"-0,--null", "", "Arguments are separated by NUL bytes", arguments,
     [](settings& s, text) { of_map(s).delimiter = '\0'; }},
    {"-d,--delimiter", "CHAR", "Arguments are separated by CHAR instead of newlines", arguments,
     [](settings& s, text t) { of_map(s).delimiter = parse_delimiter(t); }},
    {"--colsep", "TEXT", "Cut lines into {1}, {2}... at TEXT; \\t is a tab, \\s+ runs of blanks",
     arguments, [](settings& s, text t) { of_map(s).separator = t; }},
    {"--csv", "", "Lines are CSV: cut them into {1}, {2}...", arguments,
     [](settings& s, text) { of_map(s).csv = true; }},
    {"--header", ":", "The first line has the names of the columns, for {NAME}", arguments,
     set_header},
    {"-n,--max-args,-N,--max-replace-args", "N",
     "Give each job up to N arguments, as far as ARG_MAX allows", arguments, set_max_args},
    {"-L,--max-lines", "N", "The same, where empty lines do not count", arguments,
     [](settings& s, text t) {
       set_max_args(s, t);
       of_map(s).skip_empty = true;
     }},
    {"-I,--replace", "TEXT", "Use TEXT instead of {}; {1}, {2}... stay as they are", arguments,
     set_replacement},
    {"--shuf", "", "Run the jobs in random order", arguments,
     [](settings& s, text) { of_map(s).shuffle = true; }},
    {"--pipe", "", "Cut stdin into blocks of whole records, one for each job's stdin", arguments,
     [](settings& s, text) { s.pipe = true; }},
    {"--block", "SIZE", "The size of a block of --pipe, roughly (1M)", arguments, set_block},
    {"--recstart", "TEXT", "Records of --pipe begin with TEXT", arguments,
     [](settings& s, text t) { of_map(s).record_start = t; }},
    {"--recend", "TEXT", "Records of --pipe end with TEXT (\\n)", arguments,
     [](settings& s, text t) { of_map(s).record_end = t; }},
    {"--pool", "", "The command is a worker that answers each line, an argument, with a line",
     arguments, [](settings& s, text) { of_map(s).workers = true; }},

    {"-j,--jobs,-P,--max-procs", "N",
     "Run N jobs at once: a number, 50% of the CPUs, +1, -1; 0: no limit (CPUs)", when,
     [](settings& s, text t) { of_map(s).jobs = parse_job_count(t); }},
    {"--halt,--halt-on-error", "WHEN,WHAT=N",
     "When to stop: now or soon; fail, success or done; N or N%: now,fail=1", when,
     [](settings& s, text t) { of_map(s).halt = parse_halt(t); }},
    {"-t,--timeout", "DURATION", "Stop a job after DURATION, or after 200% of the median", when,
     set_timeout},
    {"--retries", "N", "Try a job that fails up to N times in all; --retry can do more", when,
     set_retries},
    {"--delay", "DURATION", "Wait this long between two starts", when,
     [](settings& s, text t) { of_map(s).delay = checked(brood::parse_duration(t), "--delay"); }},
    {"--load", "N", "Start no job while the load is N or more; 80% is of the CPUs", when, set_load},
    {"--memfree", "SIZE", "Start no job while less memory than SIZE is available", when,
     [](settings& s, text t) {
       of_map(s).free_memory = checked(brood::parse_size(t), "--memfree");
     }},
    {"--lock", "", "Wait until no other run with --lock is active in this folder", when,
     [](settings& s, text) { of_map(s).lock = true; }},

    {"--no-journal", "", "Keep no record of this run in .brood", journaling,
     [](settings& s, text) { of_map(s).no_journal = true; }},
    {"--resume,--resume-failed", "", "Skip jobs that have succeeded before", journaling,
     [](settings& s, text) { of_map(s).resume = true; }},
    {"--explain", "", "Say for each job why it runs or is skipped", journaling,
     [](settings& s, text) { of_map(s).explain = true; }},
    {"--depends", "FILE", "Run a job again if FILE, which may have replacements, has changed",
     journaling, [](settings& s, text t) { of_map(s).depends.push_back(t); }},
    {"--depends-file", "FILE", "The same for the files that FILE, as of gcc -MD, names", journaling,
     [](settings& s, text t) { of_map(s).depfiles.push_back(t); }},
    {"--creates", "FILE", "Run a job again if FILE, which may have replacements, is not there",
     journaling, [](settings& s, text t) { of_map(s).creates.push_back(t); }},

    {"--shell", "", "The command is text for /bin/sh; every replacement is quoted", command,
     [](settings& s, text) { s.shell = true; }},
    {"--dry-run,--dryrun", "", "Print the commands; start nothing", command,
     [](settings& s, text) { s.dry_run = true; }},

    {"-k,--keep-order,--keeporder", "", "Show output in the order of the arguments", streams,
     [](settings& s, text) { of_map(s).keep_order = true; }},
    {"--group", "", "Show a job's output when it ends (the default)", streams,
     [](settings& s, text) { of_map(s).output = output_mode::grouped; }},
    {"--line-buffer,--lb,--linebuffer", "", "Show whole lines as they come", streams,
     [](settings& s, text) { of_map(s).output = output_mode::lines; }},
    {"-u,--ungroup", "", "Jobs write to our stdout and stderr themselves", streams,
     [](settings& s, text) { of_map(s).output = output_mode::ungrouped; }},
    {"--tag", "", "Begin each line with the job's arguments and a tab", streams,
     [](settings& s, text) { of_map(s).tag = true; }},
    {"--tagstring", "TEXT", "Begin each line with TEXT, which may have replacements", streams,
     [](settings& s, text t) { of_map(s).tag_text = t; }},
    {"--merge", "", "Send stderr wherever stdout goes, in the order written", streams,
     [](settings& s, text) { s.merge = true; }},
    {"--quiet-ok", "", "Show only the output of jobs that fail", streams,
     [](settings& s, text) { s.quiet_ok = true; }},
    {"--results", "DIR", "Keep each job's output in files below DIR, in a folder of its own",
     streams, [](settings& s, text t) { of_map(s).results = t; }},

    {"-s,--signal", "SIGNAL", "What a stop sends first, instead of TERM", ending, set_signal},
    {"--kill-after", "DURATION", "Send KILL this long after the first signal (5s)", ending,
     set_kill_after},

    {"--joblog", "FILE",
     "Write a line for each job, with GNU parallel's columns; --resume adds to it", report,
     [](settings& s, text t) { of_map(s).joblog = t; }},
    {"--json", "", "Print a JSON object for each job, with its output, and nothing else", report,
     [](settings& s, text) { s.json = true; }},
    {"--progress", "",
     "Show progress though stdout is a pipe; without a terminal, a line for each ended job", report,
     [](settings& s, text) { of_map(s).progress = true; }},
    {"--bar", "", "On a terminal, show progress as a bar", report,
     [](settings& s, text) { of_map(s).bar = true; }},
    {"--eta", "", "Read all arguments first, to estimate the remaining time", report,
     [](settings& s, text) { of_map(s).eta = true; }},
    {"-v,--verbose", "", "Print each command on stderr when it starts", report,
     [](settings& s, text) { s.verbose = true; }},
    {"-q,--quiet", "", "Print no progress, and nothing about timeouts and limits", report,
     [](settings& s, text) { s.quiet = true; }},
    {"-h,--help", "", "Print examples and the usual options", report,
     [](settings& s, text) { s.help = true; }},
    {"--help-all", "", "Print this page", report, [](settings& s, text) { s.help_all = true; }},
};

constexpr page_row examples[] = {
    {"brood map gzip ::: *.log", "one job per CPU at once"},
    {"ls *.png | brood map -j4 cwebp {} -o {.}.webp", "4 at once; names by lines"},
    {"brood map --shell 'sort {} | uniq > {}.u' ::: a b", "text for a shell"},
    {"brood map -t 5m --halt now,fail=1 ./test :::: list", "end at the first failure"},
    {"brood map --resume ./step ::: 1 2 3", "skip what has succeeded"},
};
constexpr std::string_view common[] = {"--jobs",   "--max-args", "--shell",   "--keep-order",
                                       "--pipe",   "--halt",     "--timeout", "--retries",
                                       "--resume", "--dry-run"};
constexpr page_row statuses[] = {
    {"0", "all jobs succeeded, or as many as --halt asks for"},
    {"1 to 101", "how many jobs failed; 101 for more than 100"},
    {"125", "brood failed or was called wrongly"},
    {"126, 127", "the command cannot be executed, was not found"},
    {"128+N", "signal N stopped the batch"},
};
constexpr page_row environment[] = {
    {"PATH", "where the command is looked for"},
    {"TMPDIR", "the folder for output that waits, instead of /tmp"},
    {"TERM, NO_COLOR", "progress is drawn unless TERM is dumb, in colours unless NO_COLOR is set"},
    {"MAKEFLAGS", "below make -j, jobs take part in its job server"},
    {"BROOD_ATTEMPT", "set under --retry and --retries: the number of the attempt, from 1"},
    {"BROOD_BACKEND", "posix: only what POSIX has, for tests"},
};
constexpr page_text words{examples, common, statuses, environment};

// The batch itself decides where output goes, and the jobs cannot share one input.
constexpr std::string_view refused[] = {"timeout", "out", "err", "text", "encoding", "errors"};

constexpr verb_flags flags{
    .name = "map",
    .usage = "brood map [OPTIONS] [--] COMMAND [WORDS...] [::: ARGS...]...",
    .description = "Runs a command for each argument, several at once.",
    .footer =
        "Arguments come from words after :::, files after :::: or -a, otherwise from\n"
        "stdin. Several ::: give all combinations; :::+ and ::::+ go side by side.\n"
        "In WORDS: {} the argument; {.} without extension; {/} base name; {//} folder;\n"
        "{/.} base name without extension; {#} the job's number; {%} its slot; {1}, {2},\n"
        "{NAME} one of several, {1.} and so on; {{1} is the text {1}. Without any of\n"
        "these the arguments come at the end.\n"
        "DURATION: 10 (seconds), 250ms, 5min, 1h30m, 1d. SIZE: 4096, 64K, 512m, 1.5G.",
    .text = &words,
    .own = own,
    .refused = refused,
    .own_first = true,
};

/// How many jobs the limit of open files has room for.
int unbounded() {
  constexpr rlim_t per_job = 8;  // 3 to 8, by how its output is kept
  constexpr rlim_t ours = 32;    // about half for the journal and for a job that starts
  rlimit files{};
  if (::getrlimit(RLIMIT_NOFILE, &files) != 0 || files.rlim_cur < ours + per_job) return 1;
  return static_cast<int>(std::min<rlim_t>((files.rlim_cur - ours) / per_job, 100'000));
}

}  // namespace

const verb_flags& map_flags() { return flags; }

job_count parse_job_count(const std::string& given) {
  using kind = job_count::kind;
  std::string_view t = given;
  const bool relative = t.starts_with('+') || t.starts_with('-');
  const bool percent = t.ends_with('%');
  const bool minus = t.starts_with('-');
  if (relative) t.remove_prefix(1);
  if (percent) t.remove_suffix(1);
  const auto n = to_number<unsigned>(t);
  if (!n || *n > 1'000'000 || (percent && (relative || *n == 0))) {
    throw failure{"--jobs: '" + given + "' is not a number of jobs such as 4, 50%, +1 or 0"};
  }
  if (relative) return {kind::more_than_cpus, minus ? -static_cast<double>(*n) : *n};
  if (percent) return {kind::percent, static_cast<double>(*n)};
  if (*n == 0) return {kind::unbounded, 0};
  return {kind::number, static_cast<double>(*n)};
}

int resolve(const job_count& n) {
  using kind = job_count::kind;
  const auto get = [](brood::worker_count w) { return checked(w.resolve(), "--jobs"); };
  const auto wanted = [&] {
    switch (n.what) {
      case kind::number:
        return static_cast<int>(n.number);
      case kind::percent:
        return get(brood::worker_count::percent_of_cpus(n.number));
      case kind::more_than_cpus:
        return std::max(1, get({}) + static_cast<int>(n.number));
      case kind::unbounded:
        return unbounded();
      case kind::cpus:
        break;
    }
    return get({});
  };
  return std::min(wanted(), unbounded());
}

bool is_bounded(const job_count& n) {
  return n.what == job_count::kind::number && n.number > unbounded();
}

}  // namespace cli
