// Verbs that make processes: background children, daemons, trees; each of them ends by itself.
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "verbs.hpp"

namespace helper {

namespace {

constexpr std::int64_t max_tree = 256;

// Counts events of descendants: each writes one byte, the root reads as many.
class gate {
 public:
  gate() {
    if (pipe2(ends_, O_CLOEXEC) != 0) fail("pipe2");
  }
  // In a descendant, which must not keep the pipe: it has nothing to do with the test.
  void pass() {
    put(ends_[1], "x");
    close(ends_[0]);
    close(ends_[1]);
  }
  // In the root. With its own write end closed, a descendant's death shows as end-of-file.
  void await(std::int64_t count) {
    close(ends_[1]);
    char byte = 0;
    for (std::int64_t i = 0; i < count; ++i) {
      if (take(ends_[0], &byte, 1) == 0) fail_usage("a descendant died before it was ready");
    }
    close(ends_[0]);
  }

 private:
  int ends_[2] = {-1, -1};
};

[[noreturn]] void run_and_exit(arguments chain) {
  run_chain(chain, ",");
  _exit(0);
}

[[noreturn]] void pause_forever() {
  for (;;) pause();  // bounded by the safety net, which fork_bounded armed
}

void append_pid(const char* path) {
  // One write in append mode: lines of concurrent writers stay whole.
  const int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) fail(path);
  put(fd, std::to_string(getpid()) + "\n");
  close(fd);
}

// Leaves a child that first runs `prepare`; returns once it has, so that what the parent does next
// (exit, say) cannot come before it.
template <class Prepare>
void leave_child(arguments chain, Prepare prepare) {
  gate prepared;
  if (fork_bounded() == 0) {
    prepare();
    prepared.pass();
    run_and_exit(chain);
  }
  prepared.await(1);
}

// The classic double fork. When it returns, the daemon's parent is gone: it is re-parented.
template <class Body>
void double_fork(Body body) {
  const pid_t middle = fork_bounded();
  if (middle == 0) {
    if (setsid() < 0) fail("setsid");
    if (fork_bounded() == 0) body();
    _exit(0);
  }
  int status = 0;
  while (waitpid(middle, &status, 0) < 0 && errno == EINTR) {
  }
  if (status != 0) fail_usage("the daemon did not start");
}

void become_session_leader() {
  if (setsid() < 0) fail("setsid");
}

// One node of the tree, in its own process. Only the root returns.
void grow(std::int64_t depth, std::int64_t width, const char* path, gate& all) {
  for (std::int64_t i = 0; depth > 0 && i < width; ++i) {
    if (fork_bounded() == 0) {
      grow(depth - 1, width, path, all);
      append_pid(path);
      all.pass();
      pause_forever();
    }
  }
}

}  // namespace

void verb_bg(arguments args) {
  if (fork_bounded() == 0) run_and_exit(args);
}

void verb_vfork_pause(arguments args) {
  const char* const path = args[0];
  const pid_t pid = vfork();
  if (pid < 0) fail("vfork");
  if (pid > 0) return;
  arm_safety_net();
  const int fd = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0 || write(fd, "\n", 1) != 1) _exit(1);
  pause_forever();
}

void verb_setsid_bg(arguments args) { leave_child(args, become_session_leader); }

void verb_setpgid_bg(arguments args) {
  leave_child(args, [] {
    if (setpgid(0, 0) != 0) fail("setpgid");
  });
}

void verb_daemonise(arguments args) {
  double_fork([args] { run_and_exit(args); });
}

void verb_hold_pipe(arguments args) {
  const double seconds = to_seconds(args[0]);
  const pid_t pid = fork_bounded();
  if (pid == 0) {
    sleep_until(monotonic_now() + static_cast<std::int64_t>(seconds * 1e9));
    _exit(0);
  }
  put(STDOUT_FILENO, std::to_string(pid) + "\n");
}

void verb_leak_tree(arguments args) {
  const char* path = args[0];
  gate all;
  const auto stay = [path, &all] {
    append_pid(path);
    all.pass();
    pause_forever();
  };
  if (fork_bounded() == 0) stay();
  if (fork_bounded() == 0) {
    become_session_leader();
    stay();
  }
  double_fork(stay);
  if (fork_bounded() == 0) {
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) ::signal(signal, SIG_IGN);
    stay();
  }
  append_pid(path);
  all.await(4);
  put(STDOUT_FILENO, "ready\n");
  pause_forever();
}

void verb_fork_tree(arguments args) {
  const std::int64_t depth = to_integer(args[0]);
  const std::int64_t width = to_integer(args[1]);
  if (depth < 0 || width < 0) fail_usage("fork-tree: negative");
  std::int64_t total = 1;
  std::int64_t level = 1;
  for (std::int64_t i = 0; i < depth && level > 0; ++i) {
    level *= width;
    total += level;
    if (width > max_tree || total > max_tree) fail_usage("fork-tree: more than 256 processes");
  }
  gate all;
  grow(depth, width, args[2], all);
  append_pid(args[2]);
  all.await(total - 1);
  put(STDOUT_FILENO, "ready\n");
}

void verb_exec(arguments args) {
  // Timers end with exec, an alarm does not: whatever we become ends by itself, too.
  alarm(safety_seconds);
  // A copy: inside a background chain, argv goes on behind our words.
  std::vector<char*> words(args.begin(), args.end());
  words.push_back(nullptr);
  execvp(words[0], words.data());
  const int status = errno == ENOENT ? 127 : 126;
  put(STDERR_FILENO, "brood-helper: cannot execute " + std::string(args[0]) + "\n");
  _exit(status);
}

void verb_wait_children(arguments) {
  while (waitpid(-1, nullptr, 0) > 0 || errno == EINTR) {
  }
}

}  // namespace helper
