// The flags of `brood run` that are not in the library's table.
// SPDX-License-Identifier: Apache-2.0
#include "run_flags.hpp"

#include "identity.hpp"

namespace cli {

namespace {

using namespace flag_groups;

using text = const std::string&;
constexpr own_flag own[] = {
    {"--shell", "", "The command is text for /bin/sh: its words are joined by spaces", command,
     [](settings& s, text) { s.shell = true; }},
    {"--pipe", "", "A pipeline, CMD -- CMD -- CMD...: connects output to input", command,
     [](settings& s, text) { s.pipe = true; }},
    {"--dry-run,--dryrun", "", "Print the command and its options; start nothing", command,
     [](settings& s, text) { s.dry_run = true; }},
    {"--append", "", "Add to the files of --stdout, --stderr and --tee instead of replacing them",
     streams, [](settings& s, text) { s.append = true; }},
    {"--merge", "", "Send stderr wherever stdout goes, in the order written", streams,
     [](settings& s, text) { s.merge = true; }},
    {"--tee", "FILE", "Copy stdout and stderr to this file as well", streams,
     [](settings& s, text t) { s.tee = t; }},
    {"--quiet-ok", "", "Show the output only if the command fails", streams,
     [](settings& s, text) { s.quiet_ok = true; }},
    keep_terminal_flag,
    {"-s,--signal", "SIGNAL", "What a stop sends first, instead of TERM", ending, set_signal},
    {"--kill-after", "DURATION", "Send KILL this long after the first signal (5s)", ending,
     set_kill_after, "-k", "it is to mean --keep-order only, as in 'brood map'"},
    {"--on-final-failure", "TEXT", "After the last failure, run this text by /bin/sh", ending,
     [](settings& s, text t) { s.on_final_failure = t; }},
    {"--init", "", "Act as PID 1: reap orphans, forward every signal", ending,
     [](settings& s, text) { s.init = true; }},
    {"--json", "", "Print one JSON object at the end, with the output that is not redirected",
     report, [](settings& s, text) { s.json = true; }},
    {"-v,--verbose", "", "Say on stderr how the command ended and what it used", report,
     [](settings& s, text) { s.verbose = true; }},
    {"-q,--quiet", "", "Say nothing about timeouts and limits", report,
     [](settings& s, text) { s.quiet = true; }},
    {"-h,--help", "", "Print examples and the usual options", report,
     [](settings& s, text) { s.help = true; }},
    {"--help-all", "", "Print this page", report, [](settings& s, text) { s.help_all = true; }},
};

constexpr page_row examples[] = {
    {"brood run -t 10m make test", "end all of it after 10 minutes"},
    {"brood run --retry 5,1s,x2 curl -fO URL", "5 attempts, after 1 s, 2 s, 4 s, 8 s"},
    {"brood run --quiet-ok ./nightly", "show the output only if it fails"},
    {"brood run --merge --tee log make", "see the output, and keep it in a file"},
    {"brood run --shell 'ls | wc -l'", "text for a shell"},
};
constexpr std::string_view common[] = {"--timeout", "--kill-after", "--retry", "--chdir",
                                       "--env",     "--user",       "--shell", "--stdout",
                                       "--json",    "--dry-run"};
constexpr page_row statuses[] = {
    {"the command's", "it has exited"},
    {"124", "--timeout or --idle-timeout has passed"},
    {"125", "brood failed or was called wrongly"},
    {"126, 127", "the command cannot be executed, was not found"},
    {"128+N", "signal N has ended it"},
};
constexpr page_row environment[] = {
    {"PATH", "where the command is looked for"},
    {"TMPDIR", "the folder for output that waits, instead of /tmp"},
    {"BROOD_ATTEMPT", "set under --retry: the number of the attempt, from 1"},
    {"BROOD_STATUS", "set for --on-final-failure: the last status"},
    {"BROOD_ATTEMPTS", "set for it as well: how many attempts there were"},
    {"BROOD_BACKEND", "posix: only what POSIX has, for tests"},
};
constexpr page_text words{examples, common, statuses, environment};

constexpr verb_flags flags{
    .name = "run",
    .usage = "brood run [OPTIONS] [--] COMMAND [ARGS...]",
    .description = "Runs a command, and when it has to end, ends all of it.",
    .footer = "DURATION: 10 (seconds), 250ms, 5min, 1h30m, 1d. SIZE: 4096, 64K, 512m, 1.5G.",
    .text = &words,
    .own = own,
    .refused = {},
};

}  // namespace

const verb_flags& run_flags() { return flags; }

}  // namespace cli
