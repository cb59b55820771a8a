// The engine's worker pool below brood.WorkerPool.
// SPDX-License-Identifier: Apache-2.0
#include <memory>
#include <optional>

#include <brood/worker_pool.hpp>

#include "engine_options.hpp"
#include "held_pool.hpp"
#include "helper_thread.hpp"
#include "listener.hpp"
#include "outcome.hpp"

namespace brood_python {

namespace {

std::optional<std::string> to_message(py::handle h) {
  return h.is_none() ? std::optional<std::string>() : h.cast<std::string>();
}

// The keywords of brood.WorkerPool that are not a process's.
brood::worker_options to_options(const py::dict& d) {
  brood::worker_options o;
  o.min_workers = d["min_workers"].cast<int>();
  o.max_workers = to_workers(d["max_workers"]);
  o.idle_timeout = to_duration(d["idle_timeout"], "idle_timeout");
  if (d["framing"].cast<std::string>() != "lines") {
    o.framing = brood::worker_framing::length_prefixed;
  }
  if (d["channel"].cast<std::string>() != "stdio") o.channel = brood::worker_channel::socket;
  o.max_frame = d["max_frame"].cast<std::size_t>();
  o.hello = to_message(d["hello"]);
  o.ready = to_message(d["ready"]);
  o.start_timeout = to_duration(d["start_timeout"], "start_timeout");
  o.timeout = to_duration(d["timeout"], "timeout");
  o.max_queued = d["max_queued"].cast<std::size_t>();
  o.max_requests = d["max_requests"].cast<std::uint64_t>();
  o.max_age = to_duration(d["max_age"], "max_age");
  o.max_rss_bytes = d["max_rss_bytes"].cast<std::uint64_t>();
  o.close_grace = to_duration(d["close_grace"], "close_grace");
  o.stderr_tail = d["stderr_tail"].cast<std::size_t>();
  return o;
}

using answer = brood::expected<std::string, brood::error>;

// (answer, None), or (the worker's result or None, what went wrong).
py::tuple to_answer(answer from) {
  if (from) return py::make_tuple(to_bytes(std::move(*from)), py::none());
  const brood::error& e = from.error();
  return py::make_tuple(e.result() ? py::object(to_dict(*e.result())) : py::object(py::none()),
                        to_failure(e));
}

std::shared_ptr<brood::worker_pool> open_pool(const py::tuple& asked, const py::dict& fields,
                                              const std::shared_ptr<listener>& watching) {
  request r;
  brood::worker_options o = to_options(fields);
  o.process = read_options(asked, r);
  if (watching) {  // what it raises concerns no request: it is reported, and the worker goes on
    o.process.on_line = [l = watching](brood::output_stream from, std::string_view text) {
      (void)l->line(0, from == brood::output_stream::err ? 2 : 1, text);
    };
  }
  try {
    return std::make_shared<brood::worker_pool>(brood::command(r.args), std::move(o));
  } catch (const brood::error& e) {
    raise(e, &r);
  }
}

class worker_pool {
 public:
  worker_pool(const py::tuple& asked, const py::dict& fields, bool watched, py::object line)
      : worker_pool(asked, fields, watched,
                    std::make_shared<listener>(py::none(), std::move(line))) {}

  /// None if the queue is full.
  py::object request_one(std::string message, py::handle timeout) {
    const brood::duration limit = to_duration(timeout, "timeout");
    auto r =
        held_.use([&](brood::worker_pool& p) { return p.try_request(std::move(message), limit); });
    return r ? py::cast(std::move(*r)) : py::object(py::none());
  }
  /// Whether the workers are ready; or why the last one could not be.
  py::object warm_up(double seconds) {
    std::optional<brood::error> failure;
    const bool warm = held_.use([&](brood::worker_pool& p) {
      try {
        return p.warm_up(brood::duration::from_seconds(seconds));
      } catch (const brood::error& why) {
        failure = why;
        return false;
      }
    });
    if (!failure) return py::bool_(warm);
    return to_answer(brood::unexpected(std::move(*failure)));
  }
  py::dict count() {
    const auto c = held_.use([](brood::worker_pool& p) { return p.count(); });
    py::dict d;
    d["starting"] = c.starting;
    d["idle"] = c.idle;
    d["busy"] = c.busy;
    d["stopping"] = c.stopping;
    d["queued"] = c.queued;
    d["done"] = c.done;
    d["failed"] = c.failed;
    d["started"] = c.started;
    d["recycled"] = c.recycled;
    d["crashed"] = c.crashed;
    d["faulty"] = c.faulty;
    return d;
  }
  py::list pids() {
    py::list l;
    for (const int pid : held_.use([](brood::worker_pool& p) { return p.pids(); })) l.append(pid);
    return l;
  }

  void close() { held_.close(); }

 private:
  worker_pool(const py::tuple& asked, const py::dict& fields, bool watched,
              const std::shared_ptr<listener>& told)
      : held_(open_pool(asked, fields, watched ? told : nullptr), told) {}

  held_pool<brood::worker_pool> held_;
};

const char* name_of(brood::reply_state s) {
  return s == brood::reply_state::queued    ? "queued"
         : s == brood::reply_state::running ? "running"
                                            : "done";
}

bool wait_for(const brood::reply& r, double seconds) {
  const without_gil released;
  return r.wait_for(brood::duration::from_seconds(seconds));
}

// Of the thread that hears signals, once it turns out to be long: the waiting is another thread's,
// and may go on there after a handler has raised.
bool await_reply(const brood::reply& r, double seconds) {
  const std::int64_t until = after(seconds);
  std::optional<background> wait;
  try {
    wait.emplace(
        std::make_shared<line_queue>(),
        [r, limit = brood::duration::from_seconds(seconds)] { (void)r.wait_for(limit); }, [] {});
  } catch (const std::system_error&) {
    return wait_for(r, seconds);
  }
  (void)wait->serve(py::none(), until, background::interrupt::leaves_it_alone);
  return r.done();
}

py::tuple outcome(const brood::reply& r) {
  std::optional<answer> a;
  {
    const without_gil released;
    a.emplace(r.try_result());
  }
  return to_answer(std::move(*a));
}

}  // namespace

void bind_worker_pool(py::module_& m) {
  py::class_<brood::reply>(m, "Reply", "A request to the engine's worker pool.")
      .def_property_readonly("state", [](const brood::reply& r) { return name_of(r.state()); })
      .def("done", &brood::reply::done)
      .def("wait_for", &wait_for)
      .def("await_long", &await_reply)
      .def("cancel", &brood::reply::cancel, py::call_guard<without_gil>())
      .def("outcome", &outcome);
  py::class_<worker_pool>(m, "WorkerPool", "The engine's pool, as brood.WorkerPool wraps it.")
      .def(py::init<const py::tuple&, const py::dict&, bool, py::object>())
      .def("request", &worker_pool::request_one)
      .def("warm_up", &worker_pool::warm_up)
      .def("count", &worker_pool::count)
      .def("pids", &worker_pool::pids)
      .def("close", &worker_pool::close);
}

}  // namespace brood_python
