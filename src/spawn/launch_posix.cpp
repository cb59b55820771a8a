// The portable launch: fork, and a pipe that exec closes and a failure writes to.
// SPDX-License-Identifier: Apache-2.0
#include <sys/types.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

#include "spawn/child_side.hpp"
#include "spawn/launch.hpp"
#include "spawn/step_table.hpp"
#include "sys/call.hpp"
#include "sys/fd.hpp"
#include "sys/reap.hpp"
#include "sys/time.hpp"

namespace brood::detail {

bool portable_backend() noexcept {
  const char* wanted = ::getenv("BROOD_BACKEND");
  return wanted && std::strcmp(wanted, "posix") == 0;
}

namespace {

// The child's end of the error pipe must be above every descriptor that a step writes to.
int above_targets(const plan_view& plan) noexcept {
  int most = 2;
  for_each_target(plan, [&](int number) { most = number > most ? number : most; });
  return most + 1;
}

}  // namespace

launched launch_by_fork(const plan_view& plan) noexcept {
  launched r;
  sys::fd read_end;
  sys::fd write_end;
  if (const int e = sys::make_pipe(read_end, write_end); e < 0) {
    r.error = {error_stage::pipe, -e, 0};
    return r;
  }
  sys::fd high(sys::dup_above(write_end.get(), above_targets(plan)));
  if (!high) {
    r.error = {error_stage::pipe, -high.release(), 0};
    return r;
  }
  write_end.reset();
  child_report report;
  report.pipe = high.get();
  int pid;
  r.at = sys::now();
  {
    const sys::signals_blocked guard;
    pid = sys::call("fork", [] { return ::fork(); });
    if (pid == 0) child_main(plan, report);
  }
  if (pid < 0) {
    r.error = {error_stage::fork, -pid, 0};
    return r;
  }
  high.reset();
  child_error error;
  const ssize_t n = sys::read_some(read_end.get(), &error, sizeof error);
  if (n == 0) {
    r.pid = pid;
    return r;
  }
  // It failed, or we cannot know whether it did: either way there must be no child.
  r.error = n == static_cast<ssize_t>(sizeof error)
                ? error
                : child_error{error_stage::fork, n < 0 ? static_cast<int>(-n) : EIO, 0};
  if (n != static_cast<ssize_t>(sizeof error)) sys::send_signal(pid, -1, 9);
  sys::reap_for_certain(pid, -1);
  return r;
}

}  // namespace brood::detail
