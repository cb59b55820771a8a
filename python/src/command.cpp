// A command with all that the engine offers: containment, limits, stop ladders, results.
// SPDX-License-Identifier: Apache-2.0
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include <brood/option_table.hpp>
#include <brood/process.hpp>

#include "helper_thread.hpp"
#include "request.hpp"
#include "transfer.hpp"

namespace brood_python {

namespace {

[[noreturn]] void raise_value_error(const char* text) {
  PyErr_SetString(PyExc_ValueError, text);
  python_error();
}

brood::stdio to_target(py::handle target) {
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

// Each setting is a member of the options by its name, and its value as the tool would read it.
void apply(const py::list& settings, brood::options& o) {
  for (const py::handle item : settings) {
    const auto [name, text] = item.cast<std::pair<py::str, py::str>>();
    const auto key = name.cast<std::string>();
    const brood::option_entry* const entry = brood::find_option(key);
    if (!entry) raise_value_error(("there is no option " + key).c_str());
    if (auto set = entry->set(o, text.cast<std::string>()); !set) {
      raise_value_error(set.error().what());
    }
  }
}

py::dict to_dict(const brood::usage& u) {
  const auto seconds = [](std::chrono::nanoseconds t) {
    return static_cast<double>(t.count()) / 1e9;
  };
  py::dict d;
  d["wall"] = seconds(u.wall);
  d["user"] = seconds(u.user);
  d["system"] = seconds(u.system);
  d["max_rss_bytes"] = u.max_rss_bytes;
  d["minor_faults"] = u.minor_faults;
  d["major_faults"] = u.major_faults;
  d["blocks_in"] = u.blocks_in;
  d["blocks_out"] = u.blocks_out;
  d["voluntary_switches"] = u.voluntary_switches;
  d["involuntary_switches"] = u.involuntary_switches;
  return d;
}

// Large output is copied in pieces that are given back as we go: never twice in memory.
py::bytes to_bytes(std::string from) {
  constexpr std::size_t step = std::size_t{8} << 20;
  constexpr std::uintptr_t page = 4096;
  if (from.size() < step) return py::bytes(from);
  auto to = py::reinterpret_steal<py::bytes>(
      PyBytes_FromStringAndSize(nullptr, static_cast<Py_ssize_t>(from.size())));
  if (!to) python_error();
  const py::gil_scoped_release without_gil;
  for (std::size_t at = 0; at < from.size(); at += step) {
    const std::size_t n = std::min(step, from.size() - at);
    populate(PyBytes_AS_STRING(to.ptr()) + at, n);
    std::memcpy(PyBytes_AS_STRING(to.ptr()) + at, from.data() + at, n);
    const auto first =
        (reinterpret_cast<std::uintptr_t>(from.data() + at) + page - 1) / page * page;
    const auto last = reinterpret_cast<std::uintptr_t>(from.data() + at + n) / page * page;
    if (last > first) ::madvise(reinterpret_cast<void*>(first), last - first, MADV_DONTNEED);
  }
  return to;
}

py::dict to_dict(brood::completed_process r) {
  py::dict d;
  d["pid"] = r.pid;
  d["returncode"] = r.returncode();
  d["reason"] = std::string(to_string(r.reason));
  d["stdout"] = to_bytes(std::move(r.out));
  d["stderr"] = to_bytes(std::move(r.err));
  d["stdout_omitted"] = r.out_omitted;
  d["stderr_omitted"] = r.err_omitted;
  d["complete"] = r.complete;
  d["usage"] = to_dict(r.usage);
  d["containment"] = std::string(to_string(r.containment));
  py::list degraded;
  for (const std::string& line : r.degraded) degraded.append(line);
  d["degraded"] = degraded;
  d["accepted"] = r.accepted;
  return d;
}

py::object to_returncode(const std::optional<brood::exit_status>& s) {
  return s ? py::object(py::int_(s->returncode())) : py::object(py::none());
}

class command {
 public:
  command(py::handle args, py::handle executable, py::handle env, py::handle cwd, py::handle in,
          py::handle out, py::handle err, py::handle input, py::handle pass_fds,
          const py::list& settings, bool watched);
  command(const command&) = delete;
  command& operator=(const command&) = delete;
  // Python's garbage collection stops nothing. In a forked child it is not even ours to let go.
  ~command() {
    if (owner_ == ::getpid()) {
      process_.detach();
    } else {
      new brood::process(std::move(process_));
    }
  }

  int pid() const noexcept { return process_.pid(); }
  int fileno(int stream) {
    return stream == 0   ? process_.in().fileno()
           : stream == 1 ? process_.out().fileno()
                         : process_.err().fileno();
  }
  void close(int stream) {
    if (stream == 0) process_.in().close();
    if (stream == 1) process_.out().close();
    if (stream == 2) process_.err().close();
  }
  py::object poll() { return to_returncode(process_.poll()); }
  // For the end of a command that await_exit() has seen: its status is on its way.
  py::object wait_for(double seconds) {
    std::optional<brood::exit_status> s;
    {
      const py::gil_scoped_release without_gil;
      s = process_.wait_for(brood::duration::from_seconds(seconds));
    }
    return to_returncode(s);
  }
  void send_signal(int signal) { process_.send_signal(signal); }
  void suspend() { process_.suspend(); }
  void resume() { process_.resume(); }
  int stop(py::handle ladder);
  py::dict usage() const;
  std::string containment() const { return std::string(to_string(process_.containment())); }
  py::tuple finish(py::handle on_line);

 private:
  brood::process process_;
  line_queue lines_;
  pid_t owner_ = ::getpid();
};

command::command(py::handle args, py::handle executable, py::handle env, py::handle cwd,
                 py::handle in, py::handle out, py::handle err, py::handle input,
                 py::handle pass_fds, const py::list& settings, bool watched) {
  request r;
  r.args = path_list(args.ptr());
  r.executable_object = executable.ptr();
  r.executable = path_bytes(executable.ptr());
  read_environment(env.ptr(), r);
  r.cwd_object = cwd.ptr();
  if (!cwd.is_none()) r.cwd = path_bytes(cwd.ptr());
  read_descriptors(pass_fds.ptr(), r.pass_fds);
  brood::options o = to_options(r);
  o.contain = brood::containment::tree;
  apply(settings, o);
  o.in = to_target(in);
  o.out = to_target(out);
  o.err = to_target(err);
  if (!input.is_none()) o.input = input.cast<std::string>();
  if (watched) {
    o.on_line = [this](brood::output_stream from, std::string_view line) {
      lines_.push({from == brood::output_stream::err ? 2 : 1, std::string(line)});
    };
  }
  std::optional<brood::error> failure;
  {
    const py::gil_scoped_release without_gil;
    auto p = brood::try_spawn(brood::command(r.args), std::move(o));
    if (p) {
      process_ = std::move(*p);
    } else {
      failure = p.error();
    }
  }
  if (failure) raise_start_error(*failure, r);
}

int command::stop(py::handle ladder) {
  std::optional<std::vector<brood::stop_step>> steps;
  if (!ladder.is_none()) {
    auto parsed = brood::parse_stop(ladder.cast<std::string>());
    if (!parsed) raise_value_error(parsed.error().what());
    steps = std::move(*parsed);
  }
  brood::exit_status status;
  in_helper_thread(
      lines_, py::none(), [&] { status = steps ? process_.stop(*steps) : process_.stop(); },
      [&] { process_.request_stop(); });
  return status.returncode();
}

py::dict command::usage() const {
  const brood::live_usage u = process_.usage();
  py::dict d;
  d["user"] = static_cast<double>(u.user.count()) / 1e9;
  d["system"] = static_cast<double>(u.system.count()) / 1e9;
  d["rss_bytes"] = u.rss_bytes;
  d["threads"] = u.threads;
  d["descendants"] = u.descendants;
  return d;
}

// (result, failure): the result as a dict; what went wrong as (kind, text), or None.
py::tuple command::finish(py::handle on_line) {
  std::optional<brood::expected<brood::completed_process, brood::error>> r;
  in_helper_thread(
      lines_, on_line, [&] { r.emplace(process_.try_finish()); }, [&] { process_.request_stop(); });
  if (*r) return py::make_tuple(to_dict(std::move(**r)), py::none());
  const brood::error& e = r->error();
  if (!e.result()) raise_value_error(e.what());
  return py::make_tuple(to_dict(*e.result()), py::make_tuple(static_cast<int>(e.kind()), e.what()));
}

}  // namespace

void bind_command(py::module_& m) {
  py::class_<command>(m, "Command", "A running command, as brood.Popen wraps it.")
      .def(py::init<py::handle, py::handle, py::handle, py::handle, py::handle, py::handle,
                    py::handle, py::handle, py::handle, const py::list&, bool>())
      .def_property_readonly("pid", &command::pid)
      .def_property_readonly("containment", &command::containment)
      .def("fileno", &command::fileno)
      .def("close", &command::close)
      .def("poll", &command::poll)
      .def("wait_for", &command::wait_for)
      .def("send_signal", &command::send_signal)
      .def("suspend", &command::suspend)
      .def("resume", &command::resume)
      .def("stop", &command::stop)
      .def("usage", &command::usage)
      .def("finish", &command::finish);
  m.attr("TIMED_OUT") = static_cast<int>(brood::error_kind::timed_out);
}

}  // namespace brood_python
