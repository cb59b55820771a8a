// A command with all that the engine offers: containment, limits, stop ladders, results.
// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <brood/option_table.hpp>
#include <brood/process.hpp>

#include "engine_options.hpp"
#include "helper_thread.hpp"
#include "outcome.hpp"

namespace brood_python {

namespace {

py::object to_returncode(const std::optional<brood::exit_status>& s) {
  return s ? py::cast(s->returncode()) : py::none();
}

class command {
 public:
  command(const py::tuple& asked, bool watched);
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
      const without_gil released;
      s = process_.wait_for(brood::duration::from_seconds(seconds));
    }
    return to_returncode(s);
  }
  void send_signal(int signal) { process_.send_signal(signal); }
  void suspend() { process_.suspend(); }
  void resume() { process_.resume(); }
  py::object stop(py::handle ladder);
  py::dict usage() const;
  std::string containment() const { return std::string(to_string(process_.containment())); }
  py::tuple finish(py::handle on_line);

 private:
  brood::process process_;
  line_queue lines_;
  pid_t owner_ = ::getpid();
};

command::command(const py::tuple& asked, bool watched) {
  request r;
  brood::options o = read_options(asked, r);
  if (watched) {
    o.on_line = [this](brood::output_stream from, std::string_view line) {
      lines_.push({from == brood::output_stream::err ? 2 : 1, std::string(line)});
    };
  }
  std::optional<brood::error> failure;
  {
    const without_gil released;
    auto p = brood::try_spawn(brood::command(r.args), std::move(o));
    if (p) {
      process_ = std::move(*p);
    } else {
      failure = p.error();
    }
  }
  if (failure) raise_command_error(*failure, r);
}

py::object command::stop(py::handle ladder) {
  std::optional<std::vector<brood::stop_step>> steps;
  if (!ladder.is_none()) {
    auto parsed = brood::parse_stop(ladder.cast<std::string>());
    if (!parsed) raise_mistake(parsed.error());
    steps = std::move(*parsed);
  }
  brood::exit_status status;
  line_queue none;  // another thread may be in finish()
  in_helper_thread(
      none, py::none(), [&] { status = steps ? process_.stop(*steps) : process_.stop(); },
      [&] { process_.request_stop(); });
  return py::cast(status.returncode());
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

py::tuple command::finish(py::handle on_line) {
  std::optional<brood::expected<brood::completed_process, brood::error>> r;
  in_helper_thread(
      lines_, on_line, [&] { r.emplace(process_.try_finish()); }, [&] { process_.request_stop(); });
  return to_outcome(std::move(*r));
}

}  // namespace

void bind_command(py::module_& m) {
  py::class_<command>(m, "Command", "A running command, as brood.Popen wraps it.")
      .def(py::init<const py::tuple&, bool>())
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
}

}  // namespace brood_python
