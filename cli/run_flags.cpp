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
    {"-h,--help", "", "Print this page", report, [](settings& s, text) { s.help = true; }},
};

constexpr verb_flags flags{
    .name = "run",
    .usage = "brood run [OPTIONS] [--] COMMAND [ARGS...]",
    .description = "Runs a command, and when it has to end, ends all of it.",
    .footer =
        "DURATION: 10 (seconds), 250ms, 5min, 1h30m, 1d. SIZE: 4096, 64K, 512m, 1.5G.\n"
        "Exit status: the command's; 124 timed out; 125 brood failed; 126 not executable;\n"
        "127 not found; 128+N killed by signal N.",
    .own = own,
    .refused = {},
};

}  // namespace

const verb_flags& run_flags() { return flags; }

}  // namespace cli
