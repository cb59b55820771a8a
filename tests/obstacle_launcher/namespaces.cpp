// A /proc that is not there, and one that tells of other processes than ours.
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <linux/sched.h>
#include <sched.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "launcher.hpp"

namespace launcher {

namespace {

// Each process that the program starts takes the number of one more decoy.
constexpr std::size_t decoys = 48;

struct pair {
  pid_t decoy = 0;
  pid_t child = 0;
};

struct outcome {
  int status = 0;     // of the program, as waitpid() tells it
  bool hurt = false;  // a bystander was ended or stopped
  bool left = false;  // something was there when the program had ended
};

void write_file(const char* path, const std::string& text) {
  const int fd = open(path, O_WRONLY | O_CLOEXEC);
  const bool done = fd >= 0 && write(fd, text.data(), text.size()) >= 0;
  if (!done) fail_errno(path);
  close(fd);
}

// Whoever may not make the other namespaces gets one of users first, in which they may.
void may_unshare() {
  if (geteuid() == 0) return;
  const std::string uid = std::to_string(geteuid());
  const std::string gid = std::to_string(getegid());
  if (unshare(CLONE_NEWUSER) != 0) fail_errno("user namespace");
  write_file("/proc/self/setgroups", "deny");
  write_file("/proc/self/uid_map", uid + " " + uid + " 1");
  write_file("/proc/self/gid_map", gid + " " + gid + " 1");
}

void close_standard() {
  for (const int fd : {0, 1, 2}) close(fd);
}

// `parent` 0: not seen from here.
[[noreturn]] void pause_until_the_parent_ends(pid_t parent) {
  close_standard();
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (parent != 0 && getppid() != parent) _exit(0);
  for (;;) pause();
}

pair make_decoy() {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) fail_errno("pipe");
  const pid_t here = getpid();
  pair p;
  p.decoy = fork();
  if (p.decoy < 0) fail_errno("fork");
  if (p.decoy == 0) {
    const pid_t decoy = getpid();
    const pid_t child = fork();
    if (child == 0) pause_until_the_parent_ends(decoy);
    (void)!write(ends[1], &child, sizeof child);
    close(ends[0]);
    close(ends[1]);
    pause_until_the_parent_ends(here);
  }
  close(ends[1]);
  const bool told = read(ends[0], &p.child, sizeof p.child) == sizeof p.child && p.child > 0;
  close(ends[0]);
  if (!told) fail(cannot, "a decoy did not start");
  return p;
}

// Not a child that a plain waitpid() is for, so that one tells of all the others alone.
void make_bystander(pid_t number) {
  clone_args how{};
  how.set_tid = reinterpret_cast<std::uintptr_t>(&number);
  how.set_tid_size = 1;
  const long pid = syscall(SYS_clone3, &how, sizeof how);
  if (pid < 0) fail_errno("a process with a number that we choose");
  if (pid == 0) pause_until_the_parent_ends(0);
}

// It is ended by the signal that the kernel delivers last of all, so that one that is already on
// its way is seen.
bool is_hurt(const pair& p) {
  int status = 0;
  kill(p.child, SIGRTMAX);
  const bool ended = waitpid(p.child, &status, __WCLONE | WUNTRACED) == p.child;
  return !ended || !WIFSIGNALED(status) || WTERMSIG(status) != SIGRTMAX;
}

void nap() {
  const timespec ms{0, 1'000'000};
  nanosleep(&ms, nullptr);
}

// As the first process of the namespace: everything that is left behind becomes its child.
outcome wait_for_all(pid_t program, const std::array<pair, decoys>& pairs) {
  outcome o;
  for (pid_t pid = 0; pid != program;) {
    pid = waitpid(-1, &o.status, 0);
    if (pid < 0 && errno == ECHILD) break;
  }
  constexpr int patience = 2000;  // ms
  pid_t pid = 0;
  for (int i = 0; i < patience && pid >= 0; ++i) {
    while ((pid = waitpid(-1, nullptr, WNOHANG)) > 0) {
    }
    if (pid == 0) nap();
  }
  o.left = pid == 0;
  for (const pair& p : pairs) o.hurt = o.hurt || is_hurt(p);
  return o;
}

[[noreturn]] void end_as(const outcome& o) {
  if (o.hurt) fail(bystander_died, "a process that is none of the program's was signalled");
  if (o.left) fail(left_behind, "the program left processes behind");
  if (WIFSIGNALED(o.status)) {
    signal(WTERMSIG(o.status), SIG_DFL);
    raise(WTERMSIG(o.status));
  }
  _exit(WEXITSTATUS(o.status));
}

}  // namespace

void hide_proc() {
  may_unshare();
  if (unshare(CLONE_NEWNS) != 0) fail_errno("mount namespace");
  if (mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) fail_errno("private mounts");
  if (mount("tmpfs", "/proc", "tmpfs", MS_RDONLY, nullptr) != 0) fail_errno("an empty /proc");
}

void keep_foreign_proc() {
  may_unshare();
  std::array<pair, decoys> pairs;
  {
    // One launcher at a time, so that the numbers of its decoys follow each other.
    const int turn = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    if (turn < 0 || flock(turn, LOCK_EX) != 0) fail_errno("a turn");
    for (pair& p : pairs) p = make_decoy();
    flock(turn, LOCK_UN);  // the decoys have it as well
    close(turn);
  }
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) fail_errno("pipe");
  if (unshare(CLONE_NEWPID) != 0) fail_errno("PID namespace");
  const pid_t first = fork();
  if (first < 0) fail_errno("fork");
  if (first > 0) {
    close(ends[1]);
    close(0);
    close(1);
    outcome o;
    const bool told = read(ends[0], &o, sizeof o) == sizeof o;
    waitpid(first, nullptr, 0);
    if (!told) _exit(cannot);  // it said why
    end_as(o);
  }
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  for (const pair& p : pairs) make_bystander(p.child);
  write_file("/proc/sys/kernel/ns_last_pid", std::to_string(pairs[0].decoy - 1));
  const pid_t program = fork();
  if (program < 0) fail_errno("fork");
  if (program == 0) return;
  close_standard();
  const outcome o = wait_for_all(program, pairs);
  (void)!write(ends[1], &o, sizeof o);
  _exit(0);
}

}  // namespace launcher
