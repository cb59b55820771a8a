// Starting a command by fork(2): for preexec_fn and other requests that the engine has no word for.
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "request.hpp"

namespace brood_python {

namespace {

enum class stage : int { system, chdir, exec, preexec };

struct failure {
  stage at;
  int os;
};

// All that the child reads, made before the fork: it may not allocate.
struct child_plan {
  const request* r;
  std::vector<char*> argv;
  std::vector<std::string> entries;
  std::vector<char*> envp;
  std::vector<std::string> candidates;
  sigset_t mask;
  int report;
};

[[noreturn]] void fail(const child_plan& p, stage at, int os) noexcept {
  const failure f{at, os};
  ssize_t n;
  do {
    n = ::write(p.report, &f, sizeof f);
  } while (n < 0 && errno == EINTR);
  ::_exit(255);
}

void need(const child_plan& p, long result, stage at = stage::system) noexcept {
  if (result < 0) fail(p, at, errno);
}

void redirect(const child_plan& p) noexcept {
  int in = p.r->in;
  int out = p.r->out;
  int err = p.r->err;
  // A source below 3 would be overwritten by a redirect before it; its copy moves up.
  if (out == 0) need(p, out = ::fcntl(out, F_DUPFD_CLOEXEC, 3));
  if (err == 0 || err == 1) need(p, err = ::fcntl(err, F_DUPFD_CLOEXEC, 3));
  const int sources[] = {in, out, err};
  for (int number = 0; number < 3; ++number) {
    const int source = sources[number];
    if (source < 0) continue;
    need(p, source == number ? ::fcntl(number, F_SETFD, 0) : ::dup2(source, number));
  }
}

void restore_signals(const child_plan& p) noexcept {
  ::pthread_sigmask(SIG_SETMASK, &p.mask, nullptr);
  if (!p.r->restore_signals) return;
  ::signal(SIGPIPE, SIG_DFL);
  ::signal(SIGXFSZ, SIG_DFL);
}

// The raw calls: glibc's would signal the parent's threads, which this child does not have.
void change_identity(const child_plan& p) noexcept {
  const request& r = *p.r;
  if (r.groups) need(p, ::syscall(SYS_setgroups, r.groups->size(), r.groups->data()));
  if (r.gid) need(p, ::syscall(SYS_setregid, *r.gid, *r.gid));
  if (r.uid) need(p, ::syscall(SYS_setreuid, *r.uid, *r.uid));
}

void run_preexec(const child_plan& p) noexcept {
  PyObject* const result = PyObject_CallNoArgs(p.r->preexec);
  if (!result) fail(p, stage::preexec, 0);
  // It stays referenced: its finalizer would be one more piece of code before exec.
}

void close_others(const child_plan& p) noexcept {
  constexpr unsigned mark_cloexec = 1U << 2;  // CLOSE_RANGE_CLOEXEC, Linux 5.11
  if (::syscall(SYS_close_range, 3U, ~0U, mark_cloexec) == 0) return;
  const long most = ::sysconf(_SC_OPEN_MAX);
  for (int n = 3; n < (most > 0 ? most : 256); ++n) {
    if (n != p.report) ::fcntl(n, F_SETFD, FD_CLOEXEC);
  }
}

[[noreturn]] void exec(const child_plan& p) noexcept {
  // preexec_fn may have changed the child's own.
  char* const* const env = p.r->inherits_env && p.r->preexec ? environ : p.envp.data();
  int denied = 0;
  for (const std::string& file : p.candidates) {
    ::execve(file.c_str(), p.argv.data(), env);
    if (errno != ENOENT && errno != ENOTDIR && denied == 0) denied = errno;
  }
  fail(p, stage::exec, denied ? denied : errno);
}

[[noreturn]] void child_main(const child_plan& p) noexcept {
  const request& r = *p.r;
  for (const int number : r.pass_fds) need(p, ::fcntl(number, F_SETFD, 0));
  redirect(p);
  if (r.cwd) need(p, ::chdir(r.cwd->c_str()), stage::chdir);
  if (r.umask >= 0) ::umask(static_cast<mode_t>(r.umask));
  restore_signals(p);
  if (r.new_session) need(p, ::setsid());
  if (r.process_group != -1) need(p, ::setpgid(0, r.process_group));
  change_identity(p);
  if (r.preexec) run_preexec(p);
  if (r.close_fds) {
    close_others(p);
    for (const int number : r.pass_fds) need(p, ::fcntl(number, F_SETFD, 0));
  }
  exec(p);
}

void prepare(const request& r, child_plan& p) {
  p.r = &r;
  p.candidates = exec_candidates(r);
  for (const std::string& a : r.args) p.argv.push_back(const_cast<char*>(a.c_str()));
  p.argv.push_back(nullptr);
  for (const auto& [name, value] : r.env) p.entries.push_back(name + "=" + value);
  for (std::string& e : p.entries) p.envp.push_back(e.data());
  p.envp.push_back(nullptr);
}

void refuse_preexec() {
  const char* reason = nullptr;
  // A thread that asks for the GIL in the child of a dying interpreter would wait for ever.
  if (shutting_down()) {
    reason = "preexec_fn not supported at interpreter shutdown";
  } else if (PyInterpreterState_Get() != PyInterpreterState_Main()) {
    reason = "preexec_fn not supported within subinterpreters";
  }
  if (!reason) return;
  PyErr_SetString(PyExc_RuntimeError, reason);
  python_error();
}

// Python code runs in the child: the interpreter prepares for that, and no collection may start.
pid_t fork_python(child_plan& p) {
  const bool collecting = PyGC_Disable() == 1;
  PyOS_BeforeFork();
  sigset_t all;
  sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, &p.mask);
  const pid_t pid = ::fork();
  if (pid == 0) {
    PyOS_AfterFork_Child();
    child_main(p);
  }
  const int saved = errno;
  ::pthread_sigmask(SIG_SETMASK, &p.mask, nullptr);
  PyOS_AfterFork_Parent();
  if (collecting) PyGC_Enable();
  errno = saved;
  return pid;
}

pid_t fork_plain(child_plan& p) {
  const without_gil released;
  sigset_t all;
  sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, &p.mask);
  const pid_t pid = ::fork();
  if (pid == 0) child_main(p);
  const int saved = errno;
  ::pthread_sigmask(SIG_SETMASK, &p.mask, nullptr);
  errno = saved;
  return pid;
}

[[noreturn]] void raise_failure(const failure& f, const request& r) {
  if (f.at == stage::exec) raise_os_error(f.os, r.executable_object);
  if (f.at == stage::chdir) raise_os_error(f.os, r.cwd_object);
  if (f.at == stage::system) raise_os_error(f.os);
  const py::object error = py::module_::import("brood._results").attr("SubprocessError");
  PyErr_SetString(error.ptr(), "Exception occurred in preexec_fn.");
  python_error();
}

class pipe_end {
 public:
  explicit pipe_end(int number = -1) noexcept : number_(number) {}
  pipe_end(const pipe_end&) = delete;
  pipe_end& operator=(const pipe_end&) = delete;
  ~pipe_end() { close(); }
  int get() const noexcept { return number_; }
  void close() noexcept {
    if (number_ >= 0) ::close(std::exchange(number_, -1));
  }

 private:
  int number_;
};

ssize_t read_report(int number, failure& f) {
  const without_gil released;
  ssize_t n;
  do {
    n = ::read(number, &f, sizeof f);
  } while (n < 0 && errno == EINTR);
  return n;
}

}  // namespace

int start_by_fork(const request& r) {
  if (r.preexec) refuse_preexec();
  child_plan p;
  prepare(r, p);
  int pair[2];
  if (::pipe2(pair, O_CLOEXEC) < 0) raise_os_error(errno);
  pipe_end from_child(pair[0]);
  pipe_end low(pair[1]);
  // Above the standard streams, which the child is about to replace.
  pipe_end to_parent(::fcntl(low.get(), F_DUPFD_CLOEXEC, 3));
  if (to_parent.get() < 0) raise_os_error(errno);
  low.close();
  p.report = to_parent.get();
  const pid_t pid = r.preexec ? fork_python(p) : fork_plain(p);
  if (pid < 0) raise_os_error(errno);
  to_parent.close();
  failure f{};
  if (read_report(from_child.get(), f) == 0) return pid;
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
  raise_failure(f, r);
}

}  // namespace brood_python
