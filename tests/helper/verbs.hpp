// The verbs of brood-helper, by the file that has them; main.cpp says what each one does.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base.hpp"

namespace helper {

// io.cpp
void verb_echo(arguments args);
void verb_out(arguments args);
void verb_err(arguments args);
void verb_args(arguments args);
void verb_cat(arguments args);
void verb_cat_n(arguments args);
void verb_fd_write(arguments args);
void verb_fd_read(arguments args);
void verb_close(arguments args);
void verb_spam(arguments args);
void verb_spam_lines(arguments args);
void verb_grow_stdout(arguments args);
void verb_swallow(arguments args);
void verb_sum(arguments args);
void verb_pattern(arguments args);

// talk.cpp
void verb_read_input_line(arguments args);
void verb_calc(arguments args);
void verb_prompt(arguments args);
void verb_isatty(arguments args);
void verb_tty_size(arguments args);
void verb_serve(arguments args);
void verb_serve_socket(arguments args);
void verb_echo_frames(arguments args);

// inspect.cpp
void verb_env(arguments args);
void verb_cwd(arguments args);
void verb_pid(arguments args);
void verb_ids(arguments args);
void verb_umask(arguments args);
void verb_nice(arguments args);
void verb_session(arguments args);
void verb_limits(arguments args);
void verb_signals(arguments args);
void verb_list_fds(arguments args);

// time.cpp
void verb_sleep(arguments args);
void verb_pause(arguments args);
void verb_drip(arguments args);
void verb_ready(arguments args);
void verb_burn_cpu(arguments args);

// signals.cpp
void verb_exit(arguments args);
void verb_exit_once(arguments args);
void verb_abort(arguments args);
void verb_crash_core(arguments args);
void verb_kill_self(arguments args);
void verb_ignore(arguments args);
void verb_on_term(arguments args);
void verb_block_signals(arguments args);
void verb_wait_signal(arguments args);
void verb_signal_parent(arguments args);
void verb_become_user(arguments args);

// tree.cpp
void verb_bg(arguments args);
void verb_vfork_pause(arguments args);
void verb_setsid_bg(arguments args);
void verb_setpgid_bg(arguments args);
void verb_daemonise(arguments args);
void verb_hold_pipe(arguments args);
void verb_leak_tree(arguments args);
void verb_fork_tree(arguments args);
void verb_exec(arguments args);
void verb_wait_children(arguments args);

// jobserver.cpp
void verb_take_tokens(arguments args);
void verb_give_tokens(arguments args);
void verb_no_token(arguments args);
void verb_gauge(arguments args);
void verb_gauged(arguments args);

// limits.cpp
void verb_eat_memory(arguments args);
void verb_open_files(arguments args);
void verb_write_file(arguments args);
void verb_fork_bomb_bounded(arguments args);

}  // namespace helper
