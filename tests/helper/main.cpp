// brood-helper: the only program that brood's tests start; it runs a chain of verbs, A + B + C.
// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

#include "verbs.hpp"

namespace helper {

namespace {

enum class kind {
  quick,   // cannot block: no timer is armed, so that a start costs an exec and nothing else
  blocks,  // may wait for something: the safety net is armed first
  rest,    // takes every word that is left, the separator too
};

inline constexpr std::size_t any = static_cast<std::size_t>(-1);

struct verb {
  std::string_view name;
  void (*run)(arguments);
  kind how;
  std::size_t min_args;
  std::size_t max_args;
  std::string_view help;
};

// TEXT is always written as it is, after \n \r \t \0 \\ \xHH; SIG is TERM, SIGTERM or 15; SIZE is
// 10, 64K, 1M, 2G; CHAIN is verbs separated by `,`. An own failure exits 120 and says why.
constexpr verb table[] = {
    {"echo", verb_echo, kind::blocks, 0, any, "WORDS...: the words, a space between, a newline"},
    {"out", verb_out, kind::blocks, 1, 1, "TEXT: to stdout"},
    {"err", verb_err, kind::blocks, 1, 1, "TEXT: to stderr"},
    {"args", verb_args, kind::rest, 0, any, "ANYTHING...: argv[0] as 0:WORD, then 1:WORD, 2:WORD"},
    {"cat", verb_cat, kind::blocks, 0, 0, "stdin to stdout, until end-of-file"},
    {"cat-n", verb_cat_n, kind::blocks, 1, 1, "SIZE: so many bytes of stdin to stdout, no more"},
    {"fd-write", verb_fd_write, kind::blocks, 2, 2, "FD TEXT: to the descriptor"},
    {"fd-read", verb_fd_read, kind::blocks, 1, 1, "FD: to stdout, until end-of-file"},
    {"close", verb_close, kind::quick, 1, 1, "FD: close it"},
    {"spam", verb_spam, kind::blocks, 1, 2, "SIZE [stdout|stderr|both]: x, in blocks of 1 MiB"},
    {"spam-lines", verb_spam_lines, kind::blocks, 1, 1, "N: `line 0` to `line N-1`"},
    {"grow-stdout", verb_grow_stdout, kind::quick, 1, 1, "SIZE: of the file that it is; a hole"},
    {"swallow", verb_swallow, kind::blocks, 0, 0, "read stdin to its end, print how many bytes"},
    {"sum", verb_sum, kind::blocks, 0, 0, "read stdin to its end, print `BYTES FNV1A-IN-HEX`"},
    {"pattern", verb_pattern, kind::blocks, 2, 2, "SIZE SEED: reproducible random bytes"},

    {"read-input-line", verb_read_input_line, kind::blocks, 0, 0, "print `got: LINE`, or `eof`"},
    {"calc", verb_calc, kind::blocks, 0, 0,
     "per line A+B or A*B print the result; quit or eof ends"},
    {"prompt", verb_prompt, kind::blocks, 1, 1, "TEXT: print it, read a line, print `hello LINE`"},
    {"isatty", verb_isatty, kind::quick, 0, 0, "`FD yes|no` for 0, 1, 2"},
    {"tty-size", verb_tty_size, kind::quick, 0, 0, "`ROWS COLUMNS` of 0, 1 or 2, or `none`"},

    {"serve", verb_serve, kind::blocks, 0, 0,
     "per line on stdin run it as a chain: words between spaces, `,` separates; eof ends"},
    {"serve-socket", verb_serve_socket, kind::blocks, 0, 0,
     "the same, on the descriptor that BROOD_WORKER_FD names"},
    {"echo-frames", verb_echo_frames, kind::blocks, 0, 0,
     "stdin to stdout by message: 4 bytes of length, little endian, and so many bytes"},

    {"env", verb_env, kind::quick, 0, any,
     "[NAMES...]: NAME=VALUE or `NAME unset`; else all, sorted"},
    {"cwd", verb_cwd, kind::quick, 0, 0, "the working directory"},
    {"pid", verb_pid, kind::quick, 0, 0, "the process id"},
    {"ids", verb_ids, kind::quick, 0, 0,
     "`uid N`, euid, suid, gid, egid, sgid, then `group N`, sorted"},
    {"umask", verb_umask, kind::quick, 0, 0, "as 0022"},
    {"nice", verb_nice, kind::quick, 0, 0, "the nice value"},
    {"session", verb_session, kind::quick, 0, 0,
     "`pid N`, ppid, pgid, sid, tpgid (-1: no terminal)"},
    {"limits", verb_limits, kind::quick, 0, 0, "`nofile SOFT HARD` ...; may be `unlimited`"},
    {"signals", verb_signals, kind::quick, 0, 0, "`blocked N N`, `ignored ...`, `caught ...`"},
    {"list-fds", verb_list_fds, kind::quick, 0, 0, "`N TARGET` for each open descriptor"},

    {"sleep", verb_sleep, kind::blocks, 1, 1, "SECONDS: may have a fraction"},
    {"pause", verb_pause, kind::blocks, 0, 0, "until a signal ends it"},
    {"drip", verb_drip, kind::blocks, 3, 3, "COUNT MILLISECONDS TEXT: now, then every so often"},
    {"ready", verb_ready, kind::blocks, 1, 1, "FD|PATH: append one newline to it (file or fifo)"},
    {"burn-cpu", verb_burn_cpu, kind::blocks, 1, 1, "SECONDS: of CPU time"},

    {"exit", verb_exit, kind::quick, 1, 1, "N: now"},
    {"exit-once", verb_exit_once, kind::quick, 2, 2,
     "PATH N: now, and make PATH; not if it is there"},
    {"abort", verb_abort, kind::quick, 0, 0, "abort(3), without a core file"},
    {"crash-core", verb_crash_core, kind::quick, 0, 0, "SIGSEGV, with a core file if limits allow"},
    {"kill-self", verb_kill_self, kind::blocks, 1, 1,
     "SIG: default action, unblocked, no core file"},
    {"ignore", verb_ignore, kind::quick, 1, any, "SIG...: ignore them from here on"},
    {"on-term", verb_on_term, kind::quick, 2, 2, "TEXT CODE: at TERM print TEXT, exit CODE"},
    {"block-signals", verb_block_signals, kind::quick, 0, any, "[SIG...]: block them, or all"},
    {"wait-signal", verb_wait_signal, kind::blocks, 1, any,
     "SIG...: block, await one, print its name"},

    {"signal-parent", verb_signal_parent, kind::quick, 1, 1, "SIG: to the parent, not to init"},
    {"become-user", verb_become_user, kind::quick, 1, 1, "UID: for good; as root"},

    {"bg", verb_bg, kind::quick, 1, any, "CHAIN: in a child, not waited for"},
    {"vfork-pause", verb_vfork_pause, kind::blocks, 1, 1,
     "PATH: append a newline and pause in a vfork(2) child; itself does not halt meanwhile"},
    {"setsid-bg", verb_setsid_bg, kind::quick, 1, any, "CHAIN: same, leader of its own session"},
    {"setpgid-bg", verb_setpgid_bg, kind::quick, 1, any, "CHAIN: same, leader of its own group"},
    {"daemonise", verb_daemonise, kind::quick, 1, any, "CHAIN: own session, already re-parented"},
    {"hold-pipe", verb_hold_pipe, kind::quick, 1, 1,
     "SECONDS: leave a child holding 0, 1, 2; its pid"},
    {"leak-tree", verb_leak_tree, kind::blocks, 1, 1, "PATH: 5 pids to PATH, print `ready`, pause"},
    {"fork-tree", verb_fork_tree, kind::blocks, 3, 3,
     "DEPTH WIDTH PATH: all pids to PATH, `ready`"},
    {"exec", verb_exec, kind::rest, 1, any,
     "PROGRAM ANYTHING...: become it; 126, 127 as in a shell"},
    {"wait-children", verb_wait_children, kind::blocks, 0, 0, "until there are none left"},

    {"take-tokens", verb_take_tokens, kind::blocks, 1, 1, "N: from the jobserver in MAKEFLAGS"},
    {"give-tokens", verb_give_tokens, kind::blocks, 0, 1, "[BYTES]: back what was taken, or these"},
    {"no-token", verb_no_token, kind::blocks, 0, 0, "`none` if none comes in 200 ms, else `some`"},
    {"gauge", verb_gauge, kind::blocks, 2, 2,
     "PATH N: be one of those that run, until there were N at once"},
    {"gauged", verb_gauged, kind::quick, 1, 1, "PATH: `MOST of TOTAL` that gauge counted there"},

    {"eat-memory", verb_eat_memory, kind::blocks, 1, 1, "SIZE: touch and keep; `ok` or `ENOMEM`"},
    {"open-files", verb_open_files, kind::quick, 1, 1,
     "N: try so many, print how many; closes them"},
    {"write-file", verb_write_file, kind::blocks, 2, 2, "PATH SIZE: a new file of x"},
    {"fork-bomb-bounded", verb_fork_bomb_bounded, kind::blocks, 1, 1,
     "N<=1000: how many forks went"},
};

const verb& find_verb(std::string_view name) {
  for (const verb& v : table) {
    if (v.name == name) return v;
  }
  fail_usage("no such verb: " + std::string(name));
}

void print_usage() {
  std::string text = "usage: brood-helper VERB ARGUMENTS... [+ VERB ARGUMENTS...]...\n";
  for (const verb& v : table) {
    text.append("  ").append(v.name).append(" ").append(v.help).append("\n");
  }
  put(STDERR_FILENO, text);
}

void arm_once() {
  // By process: a timer does not survive fork, and a forked child arms its own.
  static pid_t armed = 0;
  const pid_t self = getpid();
  if (armed == self) return;
  arm_safety_net();
  armed = self;
}

}  // namespace

void run_chain(arguments words, std::string_view separator) {
  while (!words.empty()) {
    const verb& v = find_verb(words.front());
    words = words.subspan(1);
    const auto end =
        v.how == kind::rest ? words.end() : std::find(words.begin(), words.end(), separator);
    const auto count = static_cast<std::size_t>(end - words.begin());
    if (count < v.min_args || count > v.max_args) {
      fail_usage("usage: " + std::string(v.name) + " " + std::string(v.help));
    }
    if (v.how == kind::blocks) arm_once();
    v.run(words.first(count));
    words = words.subspan(count);
    if (words.empty()) return;
    words = words.subspan(1);
    if (words.empty()) fail_usage("nothing after the separator");
  }
}

}  // namespace helper

int main(int argc, char** argv) {
  if (argc < 2) {
    helper::print_usage();
    _exit(helper::failure_status);
  }
  helper::program_name = argv[0];
  helper::run_chain(helper::arguments(argv + 1, static_cast<std::size_t>(argc - 1)), "+");
  _exit(0);  // nothing is buffered, nothing needs a destructor
}
