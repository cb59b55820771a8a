// Starting a command on the engine and handing its pid to Python.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <cerrno>
#include <optional>

#include <brood/process.hpp>

#include "errors.hpp"
#include "request.hpp"

namespace brood_python {

namespace {

// The process is let go at once: between calls Python keeps a pid and no descriptor.
int start_on_engine(const request& r) {
  brood::command command(r.args);
  brood::options options = to_options(r);
  std::optional<brood::error> failure;
  int pid = -1;
  {
    const without_gil released;
    auto started = brood::try_spawn(command, std::move(options));
    if (started) {
      pid = started->pid();
      started->detach();
    } else {
      failure = started.error();
    }
  }
  if (failure) raise_as_standard(*failure, r);
  return pid;
}

// Numbers come as objects: pybind11's own complaint would print all arguments, the environment too.
int start_command(py::handle args, py::handle executable, py::handle env, py::handle cwd,
                  py::handle in, py::handle out, py::handle err, bool close_fds,
                  py::handle pass_fds, bool restore_signals, bool new_session,
                  py::handle process_group, py::handle gid, py::handle groups, py::handle uid,
                  py::handle umask, py::handle preexec, bool allow_vfork) {
  request r;
  read_program(args.ptr(), executable.ptr(), env.ptr(), cwd.ptr(), r);
  r.in = to_number(in.ptr());
  r.out = to_number(out.ptr());
  r.err = to_number(err.ptr());
  r.close_fds = close_fds;
  read_descriptors(pass_fds.ptr(), r.pass_fds);
  r.restore_signals = restore_signals;
  r.new_session = new_session;
  r.process_group = to_number(process_group.ptr());
  read_identity(gid.ptr(), groups.ptr(), uid.ptr(), umask.ptr(), r);
  r.preexec = preexec.is_none() ? nullptr : preexec.ptr();
  r.allow_vfork = allow_vfork;
  return start(r);
}

}  // namespace

int start(const request& r) {
  if (std::min({r.in, r.out, r.err}) < -1) raise_os_error(EBADF);  // -1 is: as the caller's
  return fits_engine(r) ? start_on_engine(r) : start_by_fork(r);
}

void bind_start(py::module_& m) {
  m.def("start", &start_command, py::arg("args"), py::arg("executable"), py::arg("env"),
        py::arg("cwd"), py::arg("stdin"), py::arg("stdout"), py::arg("stderr"),
        py::arg("close_fds"), py::arg("pass_fds"), py::arg("restore_signals"),
        py::arg("new_session"), py::arg("process_group"), py::arg("gid"), py::arg("groups"),
        py::arg("uid"), py::arg("umask"), py::arg("preexec_fn"), py::arg("allow_vfork"),
        "Start a command and return its pid, which the caller waits for.");
}

}  // namespace brood_python
