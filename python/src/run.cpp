// run() in one piece, for calls that need no Popen object: start, move bytes, reap.
// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <memory>
#include <optional>

#include <brood/process.hpp>

#include "end_of_process.hpp"
#include "errors.hpp"
#include "request.hpp"
#include "transfer.hpp"

namespace brood_python {

namespace {

constexpr double interrupt_wait = 0.25;  // as Popen._sigint_wait_secs

brood::stdio to_stdio(py::handle target) {
  if (target.is_none()) return brood::INHERIT;
  switch (const int number = target.cast<int>()) {
    case -1:
      return brood::PIPE;
    case -2:
      return brood::STDOUT;
    case -3:
      return brood::DEVNULL;
    default:
      return brood::fd(number);
  }
}

bool is_pipe(const brood::stdio& s) { return s.what() == brood::stdio::kind::pipe; }

// A command in the middle of run(). The engine's until its end, so that nothing goes by a number;
// it is let go on every path: whether it is killed is decided here.
class running {
 public:
  explicit running(brood::process p) : process_(std::move(p)) {}
  running(const running&) = delete;
  running& operator=(const running&) = delete;
  ~running() { process_.detach(); }

  brood::process& process() noexcept { return process_; }

  /// The returncode, or nothing at `until`.
  std::optional<int> wait(std::int64_t until) {
    const std::optional<brood::exit_status> status = await_end(process_, until);
    if (!status) return {};
    const std::optional<int> signal = status->signal();
    return signal ? -*signal : status->code().value_or(0);  // 0: lost, it was reaped elsewhere
  }

  void kill() { process_.kill(); }

  /// After an exception: what the standard module's `except` and `with` do.
  void abandon(bool interrupt) {
    try {
      // It has most likely seen the same Ctrl-C: a moment to end by itself.
      if (interrupt && wait(after(interrupt_wait))) return;
      kill();
      if (!interrupt || wait(after(interrupt_wait))) return void(wait(INT64_MAX));
    } catch (py::error_already_set&) {
      kill();  // a second Ctrl-C: the first is what the caller hears of
    }
    py::module_::import("brood._popen").attr("_adopt")(process_.pid());
  }

 private:
  brood::process process_;
};

struct streams {
  bool in = false;
  bool out = false;
  bool err = false;
};

// False when the time is up.
bool exchange(running& r, transfer& data, streams open, std::int64_t until) {
  brood::process& p = r.process();
  if (open.in && !data.has_input()) {
    p.in().close();
    open.in = false;
  }
  while (open.in || open.out || open.err) {
    const unsigned done = data.run(open.in ? p.in().fileno() : -1, open.out ? p.out().fileno() : -1,
                                   open.err ? p.err().fileno() : -1, until);
    if (done == 0) return false;
    if (done & transfer::in_done) {
      p.in().close();
      open.in = false;
    }
    if (done & transfer::out_done) open.out = false;
    if (done & transfer::err_done) open.err = false;
  }
  return true;
}

py::object output(bool piped, sink& from, bool late) {
  if (!piped || (late && from.size() == 0)) return py::none();
  return from.take();
}

py::tuple finish(running& r, transfer& data, const streams& open, std::int64_t until) {
  std::optional<int> code;
  bool in_time = false;
  try {
    in_time = exchange(r, data, open, until);
    if (in_time) code = r.wait(until);
    if (!code) {
      r.kill();
      (void)r.wait(INT64_MAX);
    }
  } catch (py::error_already_set& e) {
    r.abandon(e.matches(PyExc_KeyboardInterrupt));
    throw;
  }
  if (!code && in_time) return py::make_tuple(py::none(), py::none(), py::none());
  const bool late = !code;
  return py::make_tuple(late ? py::object(py::none()) : py::object(py::int_(*code)),
                        output(open.out, data.out, late), output(open.err, data.err, late));
}

// False if one of the arguments is bad: Popen says so, after its audit event.
bool read_arguments(py::handle args, py::handle executable, py::handle env, py::handle cwd,
                    request& r) {
  try {
    read_program(args.ptr(), executable.ptr(), env.ptr(), cwd.ptr(), r);
  } catch (py::error_already_set& e) {
    if (!e.matches(PyExc_Exception)) throw;
    return false;
  }
  return true;
}

// (returncode, stdout, stderr); the returncode is None after a timeout. None instead of the tuple
// if the request is not for this function.
py::object run(py::handle args, py::handle executable, py::handle env, py::handle cwd,
               py::handle in, py::handle out, py::handle err, py::handle input,
               py::handle timeout) {
  request r;
  if (!read_arguments(args, executable, env, cwd, r) || !fits_engine(r)) return py::none();
  if (PySys_Audit("subprocess.Popen", "OOOO", executable.ptr(), args.ptr(), cwd.ptr(), env.ptr()) <
      0) {
    python_error();
  }
  const std::int64_t until = timeout.is_none() ? INT64_MAX : after(timeout.cast<double>());

  transfer data;
  if (!input.is_none()) data.set_input(input);
  brood::options o = to_options(r);
  o.in = input.is_none() ? to_stdio(in) : brood::stdio(brood::PIPE);
  o.out = to_stdio(out);
  o.err = to_stdio(err);
  const streams open{is_pipe(o.in), is_pipe(o.out), is_pipe(o.err)};
  std::optional<brood::error> failure;
  std::unique_ptr<running> started;
  {
    const without_gil released;
    auto p = brood::try_spawn(brood::command(std::move(r.args)), std::move(o));
    if (p) {
      started = std::make_unique<running>(std::move(*p));
    } else {
      failure = p.error();
    }
  }
  if (failure) raise_as_standard(*failure, r);
  return finish(*started, data, open, until);
}

}  // namespace

void bind_run(py::module_& m) {
  m.def("run", &run, py::arg("args"), py::arg("executable"), py::arg("env"), py::arg("cwd"),
        py::arg("stdin"), py::arg("stdout"), py::arg("stderr"), py::arg("input"),
        py::arg("timeout"), "Run a command to its end: (returncode, stdout, stderr).");
  m.def(
      "version_of",
      [](py::handle type) {
        return static_cast<unsigned long>(
            reinterpret_cast<PyTypeObject*>(type.ptr())->tp_version_tag);
      },
      "A number that changes with any attribute of a class or its bases; 0 if there is none now.");
}

}  // namespace brood_python
