// The engine's pool below brood.Pool: its thread tells Python of lines and ends.
// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <stdexcept>

#include <brood/pool.hpp>
#include <brood/run.hpp>

#include "engine_options.hpp"
#include "held_pool.hpp"
#include "listener.hpp"
#include "outcome.hpp"

namespace brood_python {

namespace {

brood::jobserver_role to_role(const py::object& name) {
  using role = brood::jobserver_role;
  if (name.is_none()) return role::none;
  const std::string word = py::isinstance<py::str>(name) ? name.cast<std::string>() : "";
  if (word == "pipe") return role::serve_pipe;
  if (word == "fifo") return role::serve_fifo;
  if (word == "join") return role::join;
  throw py::value_error("jobserver: must be None, 'pipe', 'fifo' or 'join', not " +
                        py::repr(name).cast<std::string>());
}

brood::pool_options read_pool_options(const py::dict& asked) {
  brood::pool_options o;
  o.max_workers = to_workers(asked["max_workers"]);
  o.max_queued = asked["max_queued"].cast<std::size_t>();
  o.timeout = to_duration(asked["timeout"], "timeout");
  o.fail_fast = asked["fail_fast"].cast<bool>();
  o.jobserver = to_role(asked["jobserver"]);
  o.prestart_guardian = asked["prestart_guardian"].cast<bool>();
  return o;
}

std::shared_ptr<brood::pool> open_pool(const brood::pool_options& o) {
  return std::make_shared<brood::pool>(o);
}

class pool {
 public:
  pool(const py::dict& asked, py::object finished, py::object line)
      : listener_(std::make_shared<listener>(std::move(finished), std::move(line))),
        held_(open_pool(read_pool_options(asked)), listener_) {}

  /// The job, or None if the queue is full.
  py::object submit(std::uint64_t token, const py::tuple& asked, bool watched) {
    request r;
    brood::options o = read_options(asked, r);
    const brood::command command(r.args);
    if (auto mistake = brood::find_mistake(command, o)) raise(*mistake, &r);
    if (watched) o.on_line = to_on_line(listener_, token);
    auto j = held_.use([&](brood::pool& p) {
      return p.try_submit(command, std::move(o), [l = listener_, token](const brood::job& done) {
        l->finished(token, [&] { return py::cast(done); });
      });
    });
    return j ? py::cast(std::move(*j)) : py::object(py::none());
  }

  void pause() {
    held_.use([](brood::pool& p) { p.pause(); });
  }
  void resume() {
    held_.use([](brood::pool& p) { p.resume(); });
  }
  void cancel_all() {
    held_.use([](brood::pool& p) { p.cancel_all(); });
  }
  void resize(py::handle n) {
    held_.use([workers = to_workers(n)](brood::pool& p) { p.resize(workers); });
  }
  int max_workers() {
    return held_.use([](brood::pool& p) { return p.max_workers(); });
  }
  py::object jobserver_problem() {
    const auto e = held_.use([](brood::pool& p) { return p.jobserver_problem(); });
    return e ? py::object(py::str(e->what())) : py::object(py::none());
  }
  py::dict count() {
    const auto c = held_.use([](brood::pool& p) { return p.count(); });
    py::dict d;
    d["queued"] = c.queued;
    d["running"] = c.running;
    d["waiting"] = c.waiting;
    d["done"] = c.done;
    d["failed"] = c.failed;
    return d;
  }
  void close() { held_.close(); }

 private:
  std::shared_ptr<listener> listener_;
  held_pool<brood::pool> held_;
};

const char* name_of(brood::job_state s) {
  switch (s) {
    case brood::job_state::queued:
      return "queued";
    case brood::job_state::running:
      return "running";
    case brood::job_state::waiting:
      return "waiting";
    case brood::job_state::done:
      break;
  }
  return "done";
}

// None if a callback of the job raised.
py::object outcome(const brood::job& j) {
  std::optional<brood::expected<brood::completed_process, brood::error>> r;
  try {
    const without_gil released;
    r.emplace(j.try_result());
  } catch (const std::runtime_error&) {
    return py::none();
  }
  return to_outcome(std::move(*r));
}

}  // namespace

void bind_pool(py::module_& m) {
  py::class_<brood::job>(m, "Job", "A job of the engine's pool.")
      .def_property_readonly("id", &brood::job::id)
      .def_property_readonly("pid", &brood::job::pid)
      .def_property_readonly("state", [](const brood::job& j) { return name_of(j.state()); })
      .def("cancel", &brood::job::cancel, py::call_guard<without_gil>())
      .def("outcome", &outcome);
  py::class_<pool>(m, "Pool", "The engine's pool, as brood.Pool wraps it.")
      .def(py::init<const py::dict&, py::object, py::object>())
      .def("submit", &pool::submit)
      .def("pause", &pool::pause)
      .def("resume", &pool::resume)
      .def("resize", &pool::resize)
      .def("cancel_all", &pool::cancel_all)
      .def("count", &pool::count)
      .def_property_readonly("max_workers", &pool::max_workers)
      .def_property_readonly("jobserver_problem", &pool::jobserver_problem)
      .def("close", &pool::close);
}

}  // namespace brood_python
