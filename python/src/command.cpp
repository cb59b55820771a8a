// A command with all that the engine offers: containment, limits, stop ladders, results.
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <memory>

#include <brood/process.hpp>

#include "end_of_process.hpp"
#include "engine_options.hpp"
#include "helper_thread.hpp"
#include "outcome.hpp"

namespace brood_python {

namespace {

using outcome = std::optional<brood::expected<brood::completed_process, brood::error>>;

// What a command has written so far, for a wait that comes to its own end before the command does.
class output_so_far {
 public:
  explicit output_so_far(std::uint64_t most) : most_(most) {}
  void add(int stream, std::string_view bytes) {
    const std::lock_guard hold(lock_);
    std::string& to = stream == 2 ? err_ : out_;
    to.append(bytes.substr(0, most_ - std::min<std::uint64_t>(most_, to.size())));
  }
  py::tuple get() const {
    const std::lock_guard hold(lock_);
    return py::make_tuple(py::bytes(out_), py::bytes(err_));
  }

 private:
  mutable std::mutex lock_;
  const std::uint64_t most_;
  std::string out_;
  std::string err_;
};

int number_of(brood::output_stream s) { return s == brood::output_stream::err ? 2 : 1; }

// Of Popen. Shared with the thread that ends it, which may outlive the Python object.
struct state {
  brood::process process;
  outcome result;
};

class command {
 public:
  command(const py::tuple& asked, bool watched, bool kept);
  command(const command&) = delete;
  command& operator=(const command&) = delete;
  // Python's garbage collection stops nothing. In a forked child it is not even ours to let go.
  ~command() {
    if (owner_ != ::getpid()) {
      new std::shared_ptr<state>(state_);
    } else if (!ending_ || !ending_->running()) {
      state_->process.detach();
    }
  }

  int pid() const noexcept { return process().pid(); }
  int fileno(int stream) {
    return stream == 0   ? process().in().fileno()
           : stream == 1 ? process().out().fileno()
                         : process().err().fileno();
  }
  void close(int stream) {
    if (ending_) return;  // the engine has it
    if (stream == 0) process().in().close();
    if (stream == 1) process().out().close();
    if (stream == 2) process().err().close();
  }
  bool feed(std::string_view input);
  py::object poll() { return status_or_none(process().poll()); }
  /// Wait for the end without touching the streams: the returncode, or None.
  py::object await_end(double seconds) {
    return status_or_none(brood_python::await_end(process(), after(seconds)));
  }
  void send_signal(int signal) { process().send_signal(signal); }
  void suspend() { process().suspend(); }
  void resume() { process().resume(); }
  void request_stop() { process().request_stop(); }
  int stop(py::handle ladder);
  py::dict usage() const;
  std::string containment() const { return std::string(to_string(process().containment())); }
  py::object finish(py::handle on_line, py::handle seconds, bool cancels);
  py::tuple finish_here();
  void stop_here();
  py::tuple so_far() const {
    return so_far_ ? so_far_->get() : py::make_tuple(py::none(), py::none());
  }

 private:
  brood::process& process() const noexcept { return state_->process; }
  // Lost, if somebody else in the program reaped it: 0, as in the standard module.
  static py::object status_or_none(const std::optional<brood::exit_status>& s) {
    if (!s) return py::none();
    const py::object code = to_returncode(*s);
    return code.is_none() ? py::object(py::int_(0)) : code;
  }
  void watch(brood::options& o, bool watched, bool kept);

  std::shared_ptr<state> state_ = std::make_shared<state>();
  std::shared_ptr<line_queue> lines_;
  std::shared_ptr<output_so_far> so_far_;
  std::unique_ptr<background> ending_;
  pid_t owner_ = ::getpid();
};

void command::watch(brood::options& o, bool watched, bool kept) {
  if (watched) {
    lines_ = std::make_shared<line_queue>();
    o.on_line = [lines = lines_](brood::output_stream from, std::string_view line) {
      lines->push({number_of(from), std::string(line)});
    };
  }
  const auto piped = [](const brood::stdio& s) { return s.what() == brood::stdio::kind::pipe; };
  if (kept && (piped(o.out) || piped(o.err))) {
    so_far_ = std::make_shared<output_so_far>(o.max_output.bytes);
    o.on_chunk = [to = so_far_](brood::output_stream from, std::string_view bytes) {
      to->add(number_of(from), bytes);
    };
  }
}

command::command(const py::tuple& asked, bool watched, bool kept) {
  request r;
  brood::options o = read_options(asked, r);
  watch(o, watched, kept);
  std::optional<brood::error> failure;
  {
    const without_gil released;
    auto p = brood::try_spawn(brood::command(r.args), std::move(o));
    if (p) {
      state_->process = std::move(*p);
    } else {
      failure = p.error();
    }
  }
  if (failure) raise(*failure, &r);
}

// What fits into the pipe at once needs nobody to feed it. False if it does not fit.
bool command::feed(std::string_view input) {
  brood::pipe_writer& in = process().in();
  const int room = ::fcntl(in.fileno(), F_GETPIPE_SZ);
  if (room < 0 || input.size() > static_cast<std::size_t>(room)) return false;
  try {
    if (!input.empty()) in.write(input);
  } catch (const brood::error& e) {
    if (e.kind() != brood::error_kind::broken) throw;  // it reads nothing: not an error
  }
  in.close();
  return true;
}

int command::stop(py::handle ladder) {
  std::optional<std::vector<brood::stop_step>> steps;
  if (!ladder.is_none()) steps = to_ladder(ladder);
  brood::exit_status status;
  const auto lines = std::make_shared<line_queue>();  // another thread may be in finish()
  in_helper_thread(
      lines, py::none(), [&] { status = steps ? process().stop(*steps) : process().stop(); },
      [&] { process().request_stop(); });
  return status_or_none(status).cast<int>();
}

py::dict command::usage() const {
  const brood::live_usage u = process().usage();
  py::dict d;
  d["user"] = static_cast<double>(u.user.count()) / 1e9;
  d["system"] = static_cast<double>(u.system.count()) / 1e9;
  d["rss_bytes"] = u.rss_bytes;
  d["threads"] = u.threads;
  d["descendants"] = u.descendants;
  return d;
}

// (result, failure), or None if it has not ended after `seconds`. From the first call on a thread
// carries it on: between two calls as well.
py::object command::finish(py::handle on_line, py::handle seconds, bool cancels) {
  const std::int64_t until = seconds.is_none() ? INT64_MAX : after(seconds.cast<double>());
  if (!ending_) {
    if (!lines_) lines_ = std::make_shared<line_queue>();
    try {
      ending_ = std::make_unique<background>(
          lines_, [s = state_] { s->result.emplace(s->process.try_finish()); },
          [s = state_] { s->process.request_stop(); });
    } catch (const std::system_error& e) {
      if (on_line.is_none() && seconds.is_none()) return finish_here();
      if (cancels) stop_here();  // nothing is left behind by what went wrong here
      raise_no_thread(e);
    }
  }
  const auto handlers =
      cancels ? background::interrupt::cancels : background::interrupt::leaves_it_alone;
  if (!ending_->serve(on_line, until, handlers)) return py::none();
  return to_outcome(std::move(*state_->result));
}

void command::stop_here() {
  const without_gil released;
  (void)process().stop();
}

// The same on this thread, which hears no signals meanwhile, and without on_line.
py::tuple command::finish_here() {
  {
    const without_gil released;
    state_->result.emplace(process().try_finish());
  }
  return to_outcome(std::move(*state_->result));
}

}  // namespace

void bind_command(py::module_& m) {
  py::class_<command>(m, "Command", "A running command, as brood.Popen wraps it.")
      .def(py::init<const py::tuple&, bool, bool>())
      .def_property_readonly("pid", &command::pid)
      .def_property_readonly("containment", &command::containment)
      .def("fileno", &command::fileno)
      .def("close", &command::close)
      .def("feed", [](command& c, const py::bytes& input) { return c.feed(input); })
      .def("poll", &command::poll)
      .def("await_end", &command::await_end)
      .def("send_signal", &command::send_signal)
      .def("suspend", &command::suspend)
      .def("resume", &command::resume)
      .def("request_stop", &command::request_stop)
      .def("stop", &command::stop)
      .def("usage", &command::usage)
      .def("so_far", &command::so_far)
      .def("finish", &command::finish)
      .def("finish_here", &command::finish_here);
  m.def(
      "seconds",
      [](py::handle value, const std::string& keyword) -> py::object {
        const std::optional<double> s = to_seconds(value, keyword);
        return s ? py::object(py::float_(*s)) : py::object(py::none());
      },
      py::arg("value"), py::arg("keyword"), "A span of time in any of its forms, in seconds.");
}

}  // namespace brood_python
