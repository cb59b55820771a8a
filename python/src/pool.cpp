// The engine's pool below brood.Pool: its thread tells Python of lines and ends.
// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <memory>
#include <stdexcept>
#include <thread>

#include <brood/pool.hpp>
#include <brood/run.hpp>

#include "engine_options.hpp"
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
  const py::object timeout = asked["timeout"];
  if (!timeout.is_none()) o.timeout = brood::duration::from_seconds(timeout.cast<double>());
  o.fail_fast = asked["fail_fast"].cast<bool>();
  o.jobserver = to_role(asked["jobserver"]);
  return o;
}

class pool {
 public:
  pool(const py::dict& asked, py::object finished, py::object line)
      : listener_(std::make_shared<listener>(std::move(finished), std::move(line))) {
    const brood::pool_options o = read_pool_options(asked);
    try {
      pool_ = std::make_shared<brood::pool>(o);
    } catch (const brood::usage_error& e) {
      raise_mistake(e);
    } catch (const brood::error& e) {
      raise_os_error(e.code().value());
    }
  }
  pool(const pool&) = delete;
  pool& operator=(const pool&) = delete;
  ~pool() { close(); }

  /// The job, or None if the queue is full.
  py::object submit(std::uint64_t token, const py::tuple& asked, bool watched) {
    request r;
    brood::options o = read_options(asked, r);
    const brood::command command(r.args);
    if (auto mistake = brood::find_mistake(command, o)) raise_command_error(*mistake, r);
    if (watched) o.on_line = to_on_line(listener_, token);
    std::optional<brood::job> j;
    quietly([&](brood::pool& p) {
      j = p.try_submit(command, std::move(o), [l = listener_, token](const brood::job& done) {
        l->finished(token, [&] { return py::cast(done); });
      });
    });
    return j ? py::cast(std::move(*j)) : py::object(py::none());
  }

  void pause() {
    quietly([](brood::pool& p) { p.pause(); });
  }
  void resume() {
    quietly([](brood::pool& p) { p.resume(); });
  }
  void cancel_all() {
    quietly([](brood::pool& p) { p.cancel_all(); });
  }
  void resize(py::handle n) {
    const brood::worker_count workers = to_workers(n);
    try {
      quietly([&](brood::pool& p) { p.resize(workers); });
    } catch (const brood::error& e) {
      raise_mistake(e);
    }
  }
  int max_workers() {
    int n = 0;
    quietly([&](brood::pool& p) { n = p.max_workers(); });
    return n;
  }
  py::object jobserver_problem() {
    std::optional<brood::error> e;
    quietly([&](brood::pool& p) { e = p.jobserver_problem(); });
    return e ? py::object(py::str(e->what())) : py::object(py::none());
  }
  py::dict count() {
    brood::pool::counts c;
    quietly([&](brood::pool& p) { c = p.count(); });
    py::dict d;
    d["queued"] = c.queued;
    d["running"] = c.running;
    d["waiting"] = c.waiting;
    d["done"] = c.done;
    d["failed"] = c.failed;
    return d;
  }

  /// Cancel what is left, and return when nothing is.
  void close() {
    std::shared_ptr<brood::pool> p = std::move(pool_);
    if (!p) return;
    if (owner_ != ::getpid()) {  // a forked child has neither its thread nor its jobs
      new std::shared_ptr<brood::pool>(std::move(p));
      return;
    }
    const without_gil released;
    if (!listener_->busy_here()) return p.reset();
    // The last reference was dropped in a callback: the pool's thread cannot wait for itself.
    try {
      std::thread([p] {}).detach();
    } catch (const std::exception&) {
      p->cancel_all();
      new std::shared_ptr<brood::pool>(p);
    }
  }

 private:
  /// Without the GIL; the pool stays while `f` runs, whoever closes it meanwhile.
  template <class F>
  void quietly(F f) {
    const std::shared_ptr<brood::pool> p = pool_;
    if (!p) throw std::runtime_error("the pool was closed");
    const without_gil released;
    f(*p);
  }

  std::shared_ptr<listener> listener_;
  std::shared_ptr<brood::pool> pool_;
  pid_t owner_ = ::getpid();
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
